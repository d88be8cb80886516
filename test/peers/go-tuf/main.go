// Peer does what fleetctl and Orbit do, with the library that they do it with: go-tuf v0.5.2.
// Our tests run it to make repositories that we did not make ourselves, and to have ours judged by a client that we did not write.
//
// It follows the documented behaviour of fleetctl (the order of calls, the expiries, the messages), and is for tests only.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/data"
)

// A command takes its words (the arguments that are not flags) and returns what to print as one line of JSON, or nil.
type command struct {
	usage string
	words int // how many at least; a command whose usage ends in … takes more
	run   func(words []string, given *options) (any, error)
}

var commands = map[string]command{
	"init":          {"DIR [--consistent-snapshot] [--type TYPE of the timestamp key]", 1, initialise},
	"add":           {"DIR SOURCE VERSION PATH…", 4, add},
	"remove":        {"DIR PATH…", 2, remove},
	"add-list":      {"DIR (lines on standard input: a JSON object with source, version and paths)", 1, addList},
	"add-staged":    {"DIR VERSION (what lies in staged/targets)", 2, addStaged},
	"timestamp":     {"DIR [--expires INSTANT] [--unchecked-keys]", 1, timestamp},
	"roots":         {"DIR", 1, roots},
	"rotate":        {"DIR ROLE [--type TYPE]", 2, rotate},
	"expires":       {"DIR ROLE INSTANT", 3, expires},
	"gen-key":       {"DIR ROLE [--type TYPE] [--unchecked]", 2, genKey},
	"add-key":       {"DIR ROLE PUBLIC_KEY_FILE [--unchecked]", 3, addKey},
	"revoke-key":    {"DIR ROLE KEY_ID [--unchecked]", 3, revokeKey},
	"threshold":     {"DIR ROLE NUMBER [--unchecked]", 3, threshold},
	"passphrase":    {"DIR ROLE NEW_PASSPHRASE", 3, changePassphrase},
	"reencrypt":     {"KEY_FILE N", 2, reencrypt},
	"client-init":   {"STATE_DIR ROOT_FILE", 2, clientInit},
	"client-update": {"STATE_DIR URL_OR_DIR [--targets]", 2, clientUpdate},
	"client-loop":   {"(requests on standard input, one JSON object a line)", 0, clientLoop},
}

// Options are the flags; every command takes all of them and ignores what it has no use for.
type options struct {
	now                time.Time
	expires            time.Time
	keyScheme          data.KeyScheme
	consistentSnapshot bool
	unchecked          bool
	uncheckedKeys      bool
	targets            bool
	random             string
}

// errInAnswer makes the exit status 1 where the answer itself says what went wrong.
var errInAnswer = errors.New("the answer says it")

func main() {
	if len(os.Args) < 2 {
		fail(errors.New("a command is missing"))
	}
	chosen, known := commands[os.Args[1]]
	if !known {
		fail(fmt.Errorf("unknown command %q", os.Args[1]))
	}
	words, given := parse(os.Args[1], os.Args[2:])
	if len(words) < chosen.words || (len(words) > chosen.words && !strings.HasSuffix(chosen.usage, "…")) {
		fail(fmt.Errorf("usage: peer %s %s", os.Args[1], chosen.usage))
	}
	setClock(given.now)
	if given.random != "" {
		setRandom(given.random)
	}
	answer, err := chosen.run(words, given)
	if err != nil && !errors.Is(err, errInAnswer) {
		fail(err)
	}
	if answer != nil {
		if err := json.NewEncoder(os.Stdout).Encode(answer); err != nil {
			fail(err)
		}
	}
	if err != nil {
		os.Exit(1)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// Parse lets flags stand anywhere, before and after the words.
func parse(name string, arguments []string) ([]string, *options) {
	given := &options{now: time.Now(), keyScheme: data.KeySchemeEd25519}
	flags := flag.NewFlagSet(name, flag.ExitOnError)
	flags.Func("now", "the instant to take for the present (RFC 3339)", instant(&given.now))
	flags.Func("expires", "the expiry to write (RFC 3339)", instant(&given.expires))
	flags.Func("type", "ed25519, ecdsa or rsa", scheme(&given.keyScheme))
	flags.BoolVar(&given.consistentSnapshot, "consistent-snapshot", false, "write N.snapshot.json and the like")
	flags.BoolVar(&given.unchecked, "unchecked", false, "publish even what go-tuf would refuse to commit")
	flags.BoolVar(&given.uncheckedKeys, "unchecked-keys", false, "do not open the keys once more beforehand, as fleetctl does")
	flags.StringVar(&given.random, "random", "", "the seed from which keys, salts and nonces are made")
	flags.BoolVar(&given.targets, "targets", false, "also look up and download every target")
	words := []string{}
	for {
		_ = flags.Parse(arguments) // ExitOnError: it does not return one
		arguments = flags.Args()
		if len(arguments) == 0 {
			return words, given
		}
		words, arguments = append(words, arguments[0]), arguments[1:]
	}
}

func instant(into *time.Time) func(string) error {
	return func(text string) (err error) {
		*into, err = time.Parse(time.RFC3339, text)
		return err
	}
}

func scheme(into *data.KeyScheme) func(string) error {
	return func(text string) error {
		known := map[string]data.KeyScheme{
			"ed25519": data.KeySchemeEd25519,
			"ecdsa":   data.KeySchemeECDSA_SHA2_P256,
			"rsa":     data.KeySchemeRSASSA_PSS_SHA256,
		}
		chosen, ok := known[text]
		if !ok {
			return errors.New("neither ed25519 nor ecdsa nor rsa")
		}
		*into = chosen
		return nil
	}
}

func number(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number", text)
	}
	return n, nil
}
