package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf"
	"github.com/theupdateframework/go-tuf/data"
)

const day = 24 * time.Hour

// Fleetctl's validities.
var validity = map[string]time.Duration{
	"root":      3650 * day,
	"targets":   1095 * day,
	"snapshot":  1095 * day,
	"timestamp": 14 * day,
}

// The four roles, in the order in which fleetctl makes and checks their keys.
var allRoles = []string{"root", "targets", "snapshot", "timestamp"}

// Initialise makes the keys and version 1 of everything.
func initialise(words []string, given *options) (any, error) {
	dir := words[0]
	w, err := open(dir, given)
	if err != nil {
		return nil, err
	}
	if meta, err := w.store.GetMeta(); err != nil {
		return nil, err
	} else if len(meta) != 0 {
		return nil, fmt.Errorf("repo already initialized: %s", dir)
	}
	if _, err := os.Stat(filepath.Join(dir, "keys")); err == nil {
		return nil, fmt.Errorf("keys directory already exists: %s", filepath.Join(dir, "keys"))
	}
	if err := w.repo.Init(given.consistentSnapshot); err != nil {
		return nil, err
	}
	keyIDs := map[string]string{}
	err = w.stage("root", w.after("root"), func(expires time.Time) error {
		for _, role := range allRoles {
			scheme := data.KeySchemeEd25519
			if role == "timestamp" {
				scheme = given.keyScheme
			}
			ids, err := w.repo.GenKeyWithSchemeAndExpires(role, expires, scheme)
			if err != nil {
				return err
			}
			keyIDs[role] = ids[0]
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"keyids": keyIDs}, inOrder(
		w.signRoot,
		func() error { return w.signTargets(nil, nil) },
		w.signSnapshot,
		w.signTimestamp,
		w.commit,
	)
}

// Add publishes one file under one or more target paths, with the custom metadata that `fleetctl package` insists on.
func add(words []string, given *options) (any, error) {
	dir, source, version, paths := words[0], words[1], words[2], words[3:]
	w, err := openWithKeys(dir, given, "timestamp", "snapshot", "targets")
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		if err := copyFile(source, filepath.Join(dir, "staged", "targets", path)); err != nil {
			return nil, err
		}
	}
	custom, err := json.Marshal(map[string]string{"version": version})
	if err != nil {
		return nil, err
	}
	return nil, inOrder(
		func() error { return w.signTargets(paths, custom) },
		w.signSnapshot,
		w.signTimestamp,
		w.commit,
	)
}

// AddList publishes several files in one commit, which fleetctl cannot.
func addList(words []string, given *options) (any, error) {
	w, err := openWithKeys(words[0], given, "timestamp", "snapshot", "targets")
	if err != nil {
		return nil, err
	}
	lines := json.NewDecoder(os.Stdin)
	for {
		var line struct {
			Source, Version string
			Paths           []string
		}
		if err := lines.Decode(&line); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		for _, path := range line.Paths {
			if err := copyFile(line.Source, filepath.Join(words[0], "staged", "targets", path)); err != nil {
				return nil, err
			}
		}
		custom, err := json.Marshal(map[string]string{"version": line.Version})
		if err != nil {
			return nil, err
		}
		if err := w.signTargets(line.Paths, custom); err != nil {
			return nil, err
		}
	}
	return nil, inOrder(w.signSnapshot, w.signTimestamp, w.commit)
}

// AddStaged publishes what lies in staged/targets already: the library's own work, without the driver's copies.
func addStaged(words []string, given *options) (any, error) {
	w, err := openWithKeys(words[0], given, "timestamp", "snapshot", "targets")
	if err != nil {
		return nil, err
	}
	custom, err := json.Marshal(map[string]string{"version": words[1]})
	if err != nil {
		return nil, err
	}
	return nil, inOrder(
		func() error { return w.signTargets([]string{}, custom) },
		w.signSnapshot,
		w.signTimestamp,
		w.commit,
	)
}

// Remove lists some targets no more. Fleetctl has no such command; the library has, and its commit removes the files.
func remove(words []string, given *options) (any, error) {
	w, err := openWithKeys(words[0], given, "timestamp", "snapshot", "targets")
	if err != nil {
		return nil, err
	}
	return nil, inOrder(
		func() error {
			return prefix("remove targets", w.stage("targets", w.after("targets"), func(expires time.Time) error {
				return w.repo.RemoveTargetsWithExpires(words[1:], expires)
			}))
		},
		w.signSnapshot,
		w.signTimestamp,
		w.commit,
	)
}

// Timestamp is what tuf-timekeeper replaces. It needs no key but the timestamp's.
func timestamp(words []string, given *options) (any, error) {
	roles := []string{"timestamp"}
	if given.uncheckedKeys {
		roles = nil // the library's own calls, for a fair comparison of speed
	}
	w, err := openWithKeys(words[0], given, roles...)
	if err != nil {
		return nil, err
	}
	return nil, inOrder(w.signTimestamp, w.commit)
}

// Roots tells what clients are to trust from the start. Fleetctl prints it with a newline.
func roots(words []string, _ *options) (any, error) {
	meta, err := tuf.FileSystemStore(words[0], passphrase).GetMeta()
	if err != nil {
		return nil, err
	}
	root, found := meta["root.json"]
	if !found {
		return nil, errors.New("missing root metadata")
	}
	return map[string]any{"roots": string(root) + "\n"}, nil
}

// Rotate revokes the keys in the role's key file, and appends a new one to it.
func rotate(words []string, given *options) (any, error) {
	role := words[1]
	w, err := openWithKeys(words[0], given, allRoles...)
	if err != nil {
		return nil, err
	}
	old, err := w.store.GetSigners(role)
	if err != nil {
		return nil, fmt.Errorf("get keys for role: %w", err)
	}
	var ids []string
	err = w.stage("root", w.after("root"), func(expires time.Time) error {
		for _, key := range old {
			err := w.repo.RevokeKeyWithExpires(role, key.PublicData().IDs()[0], expires)
			if err != nil && !errors.As(err, &tuf.ErrKeyNotFound{}) { // keys of earlier rotations stay in the file
				return fmt.Errorf("revoke key: %w", err)
			}
		}
		ids, err = w.repo.GenKeyWithSchemeAndExpires(role, expires, given.keyScheme)
		return err
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"keyid": ids[0]}, inOrder(
		w.signRoot,
		func() error { return w.signTargets(nil, nil) },
		w.signSnapshot,
		w.signTimestamp,
		w.commit,
	)
}

// Expires gives one role any expiry, also a past one, and re-signs what depends on it.
func expires(words []string, given *options) (any, error) {
	role := words[1]
	expiry, err := time.Parse(time.RFC3339, words[2])
	if err != nil {
		return nil, err
	}
	w, err := open(words[0], given)
	if err != nil {
		return nil, err
	}
	stopClock()
	w.expiries[role] = expiry
	w.allowPast = true
	switch role {
	case "root":
		// Only a change of keys or threshold makes go-tuf write a root, so it is changed by hand.
		return nil, inOrder(func() error { return w.overwriteExpiry("root", expiry, +1) }, w.commit)
	case "targets":
		return nil, inOrder(func() error { return w.signTargets(nil, nil) }, w.signSnapshot, w.signTimestamp, w.commit)
	case "snapshot":
		return nil, inOrder(w.signSnapshot, w.signTimestamp, w.commit)
	case "timestamp":
		return nil, inOrder(w.signTimestamp, w.commit)
	}
	return nil, fmt.Errorf("unknown role %q", role)
}

// GenKey adds a key to the role and to its key file, and revokes none.
func genKey(words []string, given *options) (any, error) {
	var ids []string
	err := changeRoot(words[0], given, func(w *workdir) error {
		return w.stage("root", w.after("root"), func(expires time.Time) (err error) {
			ids, err = w.repo.GenKeyWithSchemeAndExpires(words[1], expires, given.keyScheme)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"keyid": ids[0]}, nil
}

// AddKey adds a public key whose private half is elsewhere (a KMS). The file holds it as root.json does; - is standard input.
func addKey(words []string, given *options) (any, error) {
	text, err := readFile(words[2])
	if err != nil {
		return nil, err
	}
	key := &data.PublicKey{}
	if err := json.Unmarshal(text, key); err != nil {
		return nil, fmt.Errorf("read public key: %w", err)
	}
	err = changeRoot(words[0], given, func(w *workdir) error {
		return w.stage("root", w.after("root"), func(expires time.Time) error {
			return w.repo.AddVerificationKeyWithExpiration(words[1], key, expires)
		})
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"keyid": key.IDs()[0]}, nil
}

func revokeKey(words []string, given *options) (any, error) {
	return nil, changeRoot(words[0], given, func(w *workdir) error {
		return w.stage("root", w.after("root"), func(expires time.Time) error {
			return w.repo.RevokeKeyWithExpires(words[1], words[2], expires)
		})
	})
}

func threshold(words []string, given *options) (any, error) {
	n, err := number(words[2])
	if err != nil {
		return nil, err
	}
	return nil, changeRoot(words[0], given, func(w *workdir) error { return w.repo.SetThreshold(words[1], n) })
}

// ChangeRoot makes the change and re-signs root, snapshot and timestamp.
func changeRoot(dir string, given *options, change func(*workdir) error) error {
	w, err := openWithKeys(dir, given, "root", "snapshot", "timestamp")
	if err != nil {
		return err
	}
	return inOrder(
		func() error { return change(w) },
		w.signRoot,
		w.signSnapshot,
		w.signTimestamp,
		w.commit,
	)
}

// A workdir is one open working directory (keys/ repository/ staged/).
type workdir struct {
	store     tuf.LocalStore
	repo      *tuf.Repo
	now       time.Time
	expiries  map[string]time.Time // those asked for; the others follow from validity
	allowPast bool
	unchecked bool
}

func open(dir string, given *options) (*workdir, error) {
	store := tuf.FileSystemStore(dir, passphrase)
	repo, err := tuf.NewRepo(store)
	if err != nil {
		return nil, fmt.Errorf("open repo: %w", err)
	}
	w := &workdir{store: store, repo: repo, now: given.now, unchecked: given.unchecked, expiries: map[string]time.Time{}}
	if !given.expires.IsZero() {
		w.expiries["timestamp"] = given.expires
	}
	return w, nil
}

// OpenWithKeys refuses, as fleetctl does, before anything is changed.
func openWithKeys(dir string, given *options, roles ...string) (*workdir, error) {
	for _, role := range roles {
		signers, err := tuf.FileSystemStore(dir, passphrase).GetSigners(role)
		if err != nil && err.Error() == "encrypted: decryption failed" {
			return nil, fmt.Errorf("%s passphrase from %s is invalid", role, variable(role))
		}
		if err != nil {
			return nil, err
		}
		if len(signers) == 0 {
			return nil, fmt.Errorf("%s key not found", role)
		}
	}
	return open(dir, given)
}

func variable(role string) string {
	return "FLEET_" + strings.ToUpper(role) + "_PASSPHRASE"
}

// Passphrase answers go-tuf. Without a passphrase a new key file is written in plain, and an encrypted one can't be read.
func passphrase(role string, confirm, _ bool) ([]byte, error) {
	value, set := os.LookupEnv(variable(role))
	if set && value == "" {
		return nil, errors.New("passphrase must not be empty")
	}
	if set {
		return []byte(value), nil
	}
	if confirm { // go-tuf asks for a confirmed passphrase only to write
		return nil, nil
	}
	return nil, fmt.Errorf("%s is not set", variable(role))
}

// After is when what is signed now expires, in the zone of the clock, as fleetctl's is.
func (w *workdir) after(role string) time.Time {
	if asked, ok := w.expiries[role]; ok {
		return asked
	}
	return w.now.Add(validity[role])
}

func (w *workdir) signRoot() error {
	return prefix("sign root.json", w.repo.Sign("root.json"))
}

func (w *workdir) signTargets(paths []string, custom json.RawMessage) error {
	return prefix("add targets", w.stage("targets", w.after("targets"), func(expires time.Time) error {
		return w.repo.AddTargetsWithExpires(paths, custom, expires)
	}))
}

func (w *workdir) signSnapshot() error {
	return prefix("make snapshot", w.stage("snapshot", w.after("snapshot"), func(expires time.Time) error {
		return w.repo.SnapshotWithExpires(expires)
	}))
}

func (w *workdir) signTimestamp() error {
	return prefix("make timestamp", w.stage("timestamp", w.after("timestamp"), func(expires time.Time) error {
		return w.repo.TimestampWithExpires(expires)
	}))
}

// Stage calls go-tuf to write a role's metadata.
//
// Go-tuf compares a new expiry with the real clock, which no variable replaces.
// So where the expiry is fine by our clock alone, it is given another one, which is then overwritten.
func (w *workdir) stage(role string, expires time.Time, write func(expires time.Time) error) error {
	if !expires.After(w.now) && !w.allowPast {
		return tuf.ErrInvalidExpires{Expires: expires}
	}
	if time.Until(expires) > time.Minute {
		return write(expires)
	}
	if err := write(time.Now().Add(day)); err != nil {
		return err
	}
	return w.overwriteExpiry(role, expires, 0)
}

// OverwriteExpiry changes the staged (or else the committed) file in go-tuf's own form, and signs it with go-tuf.
func (w *workdir) overwriteExpiry(role string, expires time.Time, versions int64) error {
	name := role + ".json"
	signed, err := w.repo.SignedMeta(name)
	if err != nil {
		return err
	}
	meta, version, expiry := emptyMetadata(role)
	if err := json.Unmarshal(signed.Signed, meta); err != nil {
		return err
	}
	*expiry = expires.Round(time.Second)
	*version += versions
	if signed.Signed, err = json.Marshal(meta); err != nil {
		return err
	}
	signed.Signatures = nil
	unsigned, err := json.Marshal(signed)
	if err != nil {
		return err
	}
	if err := w.store.SetMeta(name, unsigned); err != nil {
		return err
	}
	if w.repo, err = tuf.NewRepo(w.store); err != nil { // it remembers what it read
		return err
	}
	return w.repo.Sign(name)
}

func emptyMetadata(role string) (meta any, version *int64, expires *time.Time) {
	switch role {
	case "root":
		m := &data.Root{}
		return m, &m.Version, &m.Expires
	case "targets":
		m := &data.Targets{}
		return m, &m.Version, &m.Expires
	case "snapshot":
		m := &data.Snapshot{}
		return m, &m.Version, &m.Expires
	default:
		m := &data.Timestamp{}
		return m, &m.Version, &m.Expires
	}
}

func (w *workdir) commit() error {
	if w.unchecked {
		return prefix("publish unchecked", w.publishUnchecked())
	}
	return prefix("commit repo", w.repo.Commit())
}

// PublishUnchecked moves what is staged as go-tuf's Commit does, without its checks of signatures, thresholds and expiries.
func (w *workdir) publishUnchecked() error {
	roots, targets, snapshots := &data.Root{}, &data.Targets{}, &data.Snapshot{}
	for name, meta := range map[string]any{"root.json": roots, "targets.json": targets, "snapshot.json": snapshots} {
		signed, err := w.repo.SignedMeta(name)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(signed.Signed, meta); err != nil {
			return err
		}
	}
	hashes := map[string]data.Hashes{}
	for path, target := range targets.Targets {
		hashes["targets/"+path] = target.Hashes
	}
	versions := map[string]int64{"root.json": roots.Version, "targets.json": targets.Version, "snapshot.json": snapshots.Version}
	return w.store.Commit(roots.ConsistentSnapshot, versions, hashes)
}

func inOrder(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func prefix(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

func copyFile(source, destination string) error {
	bytes, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(destination), 0o700); err != nil {
		return err
	}
	return os.WriteFile(destination, bytes, 0o600)
}

func readFile(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(name)
}
