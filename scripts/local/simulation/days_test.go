//go:build !long

package simulation_test

// days are enough for each kind of change to happen.
const days = 4
