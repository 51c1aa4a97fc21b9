package federation

import "strings"

// Closest gives the name that a person probably meant: at most two slips away,
// and at most one in two letters.
func Closest(written string, names []string) (string, bool) {
	best, found := "", false
	least := min(2, len(written)/2) + 1
	for _, name := range names {
		if max(len(written)-len(name), len(name)-len(written)) >= least {
			continue // each letter more or less is a slip
		}
		if d := distance(strings.ToLower(written), strings.ToLower(name)); d < least {
			best, found, least = name, true, d
		}
	}
	return best, found
}

// distance counts the letters to insert, remove or replace (Levenshtein).
func distance(a, b string) int {
	if len(a) > 80 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitute := diagonal
			if a[i] != b[j] {
				substitute++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitute, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
