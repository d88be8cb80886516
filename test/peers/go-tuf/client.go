package main

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/client"
	"github.com/theupdateframework/go-tuf/data"
)

// An answer is what one check by a client gave.
type answer struct {
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
	// What the client now has in its memory, by role; a role that it lacks is left out.
	Versions map[string]int64 `json:"versions"`
	// Every target, where they were asked for. All were looked up and downloaded.
	Targets []string `json:"targets,omitempty"`
}

// ClientInit gives a client the root that it trusts from the start. It forgets all else.
func clientInit(words []string, _ *options) (any, error) {
	root, err := os.ReadFile(words[1])
	if err != nil {
		return nil, err
	}
	return asStatus(trust(words[0], root))
}

// ClientUpdate checks once for updates, as Orbit does every 15 minutes.
func clientUpdate(words []string, given *options) (any, error) {
	return asStatus(update(words[0], words[1], given.targets))
}

func asStatus(result answer) (any, error) {
	if result.OK {
		return result, nil
	}
	return result, errInAnswer
}

func trust(stateDir string, root []byte) answer {
	if err := os.MkdirAll(stateDir, 0o755); err != nil {
		return finished(nil, err)
	}
	state := &stateStore{file: stateFile(stateDir), meta: map[string]json.RawMessage{}}
	return finished(state, client.NewClient(state, nil).Init(root))
}

func update(stateDir, where string, downloadTargets bool) answer {
	state, err := openState(stateDir)
	if err != nil {
		return finished(nil, err)
	}
	remote, err := openRemote(where)
	if err != nil {
		return finished(state, err)
	}
	c := client.NewClient(state, remote)
	if _, err := c.Update(); err != nil {
		return finished(state, err)
	}
	if !downloadTargets {
		return finished(state, nil)
	}
	names, err := download(c)
	result := finished(state, err)
	result.Targets = names
	return result
}

func download(c *client.Client) ([]string, error) {
	targets, err := c.Targets()
	if err != nil {
		return nil, err
	}
	names := []string{}
	for name := range targets {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if _, err := c.Target(name); err != nil {
			return nil, err
		}
		if err := c.Download(name, nowhere{}); err != nil {
			return nil, err
		}
	}
	return names, nil
}

type nowhere struct{}

func (nowhere) Write(bytes []byte) (int, error) { return len(bytes), nil }
func (nowhere) Delete() error                   { return nil }

func finished(state *stateStore, err error) answer {
	result := answer{OK: err == nil, Versions: map[string]int64{}}
	if err != nil {
		result.Error = err.Error()
	}
	if state == nil {
		return result
	}
	for name, text := range state.meta {
		signed := &data.Signed{}
		read := struct {
			Version int64 `json:"version"`
		}{}
		if json.Unmarshal(text, signed) == nil && json.Unmarshal(signed.Signed, &read) == nil {
			result.Versions[strings.TrimSuffix(name, ".json")] = read.Version
		}
	}
	return result
}

// A stateStore is a client's memory: one JSON file, from the names of metadata files to their content, like Orbit's.
type stateStore struct {
	file string
	meta map[string]json.RawMessage
}

func stateFile(stateDir string) string { return filepath.Join(stateDir, "updates-metadata.json") }

func openState(stateDir string) (*stateStore, error) {
	text, err := os.ReadFile(stateFile(stateDir))
	if err != nil {
		return nil, err
	}
	state := &stateStore{file: stateFile(stateDir)}
	return state, json.Unmarshal(text, &state.meta)
}

func (s *stateStore) GetMeta() (map[string]json.RawMessage, error) { return s.meta, nil }

func (s *stateStore) SetMeta(name string, meta json.RawMessage) error {
	s.meta[name] = meta
	return s.save()
}

func (s *stateStore) DeleteMeta(name string) error {
	delete(s.meta, name)
	return s.save()
}

func (s *stateStore) Close() error { return nil }

func (s *stateStore) save() error {
	text, err := json.Marshal(s.meta)
	if err != nil {
		return err
	}
	return os.WriteFile(s.file, text, 0o600)
}

func openRemote(where string) (client.RemoteStore, error) {
	if strings.HasPrefix(where, "http://") || strings.HasPrefix(where, "https://") {
		return client.HTTPRemoteStore(where, nil, &http.Client{Timeout: 30 * time.Second})
	}
	return directory(strings.TrimPrefix(where, "file://")), nil
}

// A directory is a published repository (what fleetctl calls repository/), read without a server.
type directory string

func (d directory) GetMeta(name string) (io.ReadCloser, int64, error) { return d.get(name) }

func (d directory) GetTarget(name string) (io.ReadCloser, int64, error) {
	return d.get(filepath.Join("targets", name))
}

func (d directory) get(name string) (io.ReadCloser, int64, error) {
	file, err := os.Open(filepath.Join(string(d), name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, client.ErrNotFound{File: name}
	}
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return file, info.Size(), nil
}
