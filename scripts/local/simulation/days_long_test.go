//go:build long

package simulation_test

const days = 90
