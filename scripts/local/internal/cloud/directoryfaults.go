package cloud

import "net/http"

// These refuse with RAM's own codes, and in its own words as far as its page of them
// goes; a code that the page lacks follows the pattern.

func noEntity(entity string) *fault {
	return inItsWords(http.StatusNotFound, "EntityNotExist."+entity, "The "+entity+" does not exist.")
}

func knownAlready(entity string) *fault {
	return inItsWords(http.StatusConflict, "EntityAlreadyExists."+entity, "The "+entity+" does already EXIST.")
}

func inTheWay(entity string) *fault {
	return inItsWords(http.StatusConflict, "DeleteConflict."+entity, "The "+entity+" is in the way.")
}

func beyondLimit(entity string) *fault {
	return inItsWords(http.StatusConflict, "LimitExceeded."+entity, "The count of "+entity+" beyond the current limits.")
}

func inItsWords(status int, code, other string) *fault {
	words, ok := itsWords()[code]
	if !ok {
		words = other
	}
	return refuse(status, code, "%s", words)
}

func itsWords() map[string]string {
	return map[string]string{
		"EntityNotExist.User":            "The user does not exist.",
		"EntityNotExist.User.Group":      "The user has not joined the group.",
		"EntityNotExist.Group":           "The group does not exist.",
		"EntityAlreadyExists.User":       "The user does already EXIST.",
		"EntityAlreadyExists.User.Group": "The user has already joined the group.",
		"EntityAlreadyExists.Group":      "The group does already EXIST.",
		"DeleteConflict.User.Group":      "The user CAN NOT be in any group while deleting the user.",
		"DeleteConflict.Group.User":      "The group CAN NOT has any user member while deleting the group.",
		"LimitExceeded.User":             "The count of users beyond the current limits.",
	}
}
