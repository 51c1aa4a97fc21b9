package validate

// Check names one row of the table of [Guard.Response].
type Check struct {
	Number int
	Name   string
}

// Checks lists what a response must pass, in order.
func Checks() []Check {
	return listed(responseChecks())
}

func listed[T judged](table []check[T]) []Check {
	var list []Check
	for _, c := range table {
		list = append(list, Check{c.number, c.name})
	}
	return list
}
