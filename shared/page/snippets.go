package page

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Snippet is one way to use credentials: a text to copy.
type Snippet struct {
	ID     string // of the tab
	Name   string
	Text   string // with the secrets
	Masked string // without
}

// Key is an STS token on its way to its owner's page.
type Key struct {
	ID, Secret, Token string
	Expires           time.Time
	Profile           string // name of the profile for the CLI
	Region            string
}

const mask = "••••••••"

// Snippets writes key for each shell. The values are quoted by each shell's own
// rules, though STS's alphabet needs none of it.
func Snippets(key Key) []Snippet {
	masked := key
	masked.Secret, masked.Token = mask, mask
	kinds := []struct {
		id, name string
		write    func(Key) string
	}{
		{"bash", "bash, zsh", bash},
		{"fish", "fish", fish},
		{"powershell", "PowerShell", powerShell},
		{"aliyun", "aliyun CLI", aliyun},
		{"json", "JSON", jsonText},
	}
	snippets := make([]Snippet, 0, len(kinds))
	for _, k := range kinds {
		snippets = append(snippets, Snippet{k.id, k.name, k.write(key), k.write(masked)})
	}
	return snippets
}

func variables(key Key) [][2]string {
	return [][2]string{
		{"ALIBABA_CLOUD_ACCESS_KEY_ID", key.ID},
		{"ALIBABA_CLOUD_ACCESS_KEY_SECRET", key.Secret},
		{"ALIBABA_CLOUD_SECURITY_TOKEN", key.Token},
	}
}

func lines(format string, quote func(string) string, key Key) string {
	var b strings.Builder
	for _, v := range variables(key) {
		fmt.Fprintf(&b, format, v[0], quote(v[1]))
	}
	return b.String()
}

func bash(key Key) string       { return lines("export %s=%s\n", quoteBash, key) }
func fish(key Key) string       { return lines("set -gx %s %s\n", quoteFish, key) }
func powerShell(key Key) string { return lines("$Env:%s = %s\n", quotePowerShell, key) }

func aliyun(key Key) string {
	return fmt.Sprintf("aliyun configure set --profile %s --mode StsToken --region %s"+
		" --access-key-id %s --access-key-secret %s --sts-token %s\n",
		quoteBash(key.Profile), quoteBash(key.Region), quoteBash(key.ID), quoteBash(key.Secret), quoteBash(key.Token))
}

// jsonText has the field names of STS's own answer.
func jsonText(key Key) string {
	text, err := json.MarshalIndent(struct {
		AccessKeyID     string `json:"AccessKeyId"`
		AccessKeySecret string
		SecurityToken   string
		Expiration      string
	}{key.ID, key.Secret, key.Token, key.Expires.UTC().Format(time.RFC3339)}, "", "  ")
	if err != nil {
		return "" // strings alone always marshal
	}
	return string(text) + "\n"
}

func quoteBash(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func quoteFish(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}

func quotePowerShell(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
