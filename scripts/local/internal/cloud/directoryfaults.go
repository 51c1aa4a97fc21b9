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
		"EntityNotExist.User.AccessKey":             "The user access key does not exist.",
		"EntityNotExist.User.LoginProfile":          "The user login profile does not exist.",
		"EntityNotExist.User.MFADevice":             "The user has not bound any MFA device.",
		"EntityNotExist.User.Policy":                "The indicate policy of the user does not exist.",
		"EntityNotExist.VirtualMFADevice":           "The virtual mfa device does not exist.",
		"EntityNotExist.Group.Policy":               "The indicate policy attached to the group does not exist.",
		"EntityNotExist.Policy":                     "The policy does not exist.",
		"EntityAlreadyExists.User.LoginProfile":     "The user login profile does already EXIST.",
		"EntityAlreadyExists.User.MFADevice":        "The user has already bound a MFA device.",
		"EntityAlreadyExists.User.Policy":           "The user has already been attached this policy.",
		"EntityAlreadyExists.VirtualMFADevice":      "The virtual mfa device does already EXIST.",
		"EntityAlreadyExists.VirtualMFADevice.User": "The virtual mfa device does already been bound to a user.",
		"EntityAlreadyExists.Group.Policy":          "The group has already been attached this policy.",
		"EntityAlreadyExists.Policy":                "The group does already EXIST.", // so it says
		"DeleteConflict.User.AccessKey":             "The user CAN NOT has any access key while deleting the user.",
		"DeleteConflict.User.LoginProfile":          "The user CAN NOT has any login profile while deleting the user.",
		"DeleteConflict.User.MFADevice":             "The user CAN NOT has any mfa device while deleting the user.",
		"DeleteConflict.User.Policy":                "The user CAN NOT has any attached policy while deleting the user.",
		"DeleteConflict.VirtualMFADevice.User":      "The virtual mfa device CAN NOT been bound to any user while deleting it.",
		"DeleteConflict.Group.Policy":               "The entity CAN NOT has any attached policy while deleting the group.",
		"DeleteConflict.Policy.User":                "The policy CAN NOT been attached to any user while deleting the policy.",
		"DeleteConflict.Policy.Group":               "The policy CAN NOT been attached to any group while deleting the policy.",
		"LimitExceeded.User.AccessKey":              "The access key count of the user access keys beyond the current limits.",
		"EntityNotExist.User":                       "The user does not exist.",
		"EntityNotExist.User.Group":                 "The user has not joined the group.",
		"EntityNotExist.Group":                      "The group does not exist.",
		"EntityAlreadyExists.User":                  "The user does already EXIST.",
		"EntityAlreadyExists.User.Group":            "The user has already joined the group.",
		"EntityAlreadyExists.Group":                 "The group does already EXIST.",
		"DeleteConflict.User.Group":                 "The user CAN NOT be in any group while deleting the user.",
		"DeleteConflict.Group.User":                 "The group CAN NOT has any user member while deleting the group.",
		"LimitExceeded.User":                        "The count of users beyond the current limits.",
	}
}
