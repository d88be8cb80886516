package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/secure-systems-lab/go-securesystemslib/cjson"
	"github.com/theupdateframework/go-tuf/client"
	"github.com/theupdateframework/go-tuf/data"
	"github.com/theupdateframework/go-tuf/verify"
)

// A request is one line for client-loop. Bytes are base64, which is what encoding/json makes of []byte.
type request struct {
	Do string `json:"do"` // init, update, read or cjson

	// The clock. Without it, init and update take the real one, and read checks no expiry.
	Now *time.Time `json:"now"`

	State      string `json:"state"`      // init, update: the client's directory
	Repository string `json:"repository"` // update: a URL or a directory
	Targets    bool   `json:"targets"`    // update: as --targets
	Root       []byte `json:"root"`       // init, read
	Role       string `json:"role"`       // read
	Bytes      []byte `json:"bytes"`      // read: the metadata file; cjson: any JSON
}

// ClientLoop answers many requests in one process, because starting one for each is what costs the time.
func clientLoop(_ []string, _ *options) (any, error) {
	requests, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		asked := request{}
		if err := requests.Decode(&asked); errors.Is(err, io.EOF) {
			return nil, nil
		} else if err != nil {
			return nil, err
		}
		if err := answers.Encode(respond(asked)); err != nil {
			return nil, err
		}
	}
}

func respond(asked request) (result any) {
	defer func() {
		if reason := recover(); reason != nil {
			result = finished(nil, fmt.Errorf("panic: %v", reason))
		}
	}()
	switch {
	case asked.Now != nil:
		setClock(*asked.Now)
	case asked.Do == "read":
		stopClock()
	default:
		setClock(time.Now())
	}
	switch asked.Do {
	case "init":
		return trust(asked.State, asked.Root)
	case "update":
		return update(asked.State, asked.Repository, asked.Targets)
	case "read":
		return read(asked.Root, asked.Role, asked.Bytes)
	case "cjson":
		return canonical(asked.Bytes)
	}
	return finished(nil, fmt.Errorf("unknown request %q", asked.Do))
}

// A reading is what go-tuf takes from one metadata file, after it has verified it.
type reading struct {
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
	// Which of the two files the error is about: root or file.
	At      string              `json:"at,omitempty"`
	Version int64               `json:"version"`
	Expires string              `json:"expires,omitempty"` // UTC, with as many decimals as there are
	Files   map[string]fileInfo `json:"files"`             // of snapshot and timestamp: meta; of targets: targets
}

type fileInfo struct {
	Version int64             `json:"version"`
	Length  int64             `json:"length"`
	Hashes  map[string]string `json:"hashes"`
}

// Read verifies a root by itself, as a client's first root is, and then the file by that root.
func read(root []byte, role string, file []byte) reading {
	if err := client.NewClient(client.MemoryLocalStore(), nil).Init(root); err != nil {
		return reading{At: "root", Error: err.Error()}
	}
	keys, err := keysOf(root)
	if err != nil {
		return reading{At: "root", Error: err.Error()}
	}
	meta, version, expires := emptyMetadata(role)
	if err := keys.Unmarshal(file, meta, role, 0); err != nil {
		return reading{At: "file", Error: err.Error()}
	}
	return reading{OK: true, Version: *version, Expires: expires.UTC().Format(time.RFC3339Nano), Files: filesOf(meta)}
}

func keysOf(root []byte) (*verify.DB, error) {
	signed, meta, keys := &data.Signed{}, &data.Root{}, verify.NewDB()
	if err := json.Unmarshal(root, signed); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(signed.Signed, meta); err != nil {
		return nil, err
	}
	for id, key := range meta.Keys {
		if err := keys.AddKey(id, key); err != nil {
			return nil, err
		}
	}
	for name, role := range meta.Roles {
		if err := keys.AddRole(name, role); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

func filesOf(meta any) map[string]fileInfo {
	files := map[string]fileInfo{}
	switch m := meta.(type) {
	case *data.Timestamp:
		for name, file := range m.Meta {
			files[name] = fileInfo{file.Version, file.Length, hexadecimal(file.Hashes)}
		}
	case *data.Snapshot:
		for name, file := range m.Meta {
			files[name] = fileInfo{file.Version, file.Length, hexadecimal(file.Hashes)}
		}
	case *data.Targets:
		for name, file := range m.Targets {
			files[name] = fileInfo{0, file.Length, hexadecimal(file.Hashes)}
		}
	}
	return files
}

func hexadecimal(hashes data.Hashes) map[string]string {
	texts := map[string]string{}
	for algorithm, hash := range hashes {
		texts[algorithm] = hash.String()
	}
	return texts
}

// A canonicalisation has two answers, because go-tuf signs and verifies by different ways.
type canonicalisation struct {
	Signing   canonicalBytes `json:"signing"`
	Verifying canonicalBytes `json:"verifying"`
}

type canonicalBytes struct {
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
	Bytes []byte `json:"bytes,omitempty"`
}

func canonical(text []byte) canonicalisation {
	// A signer hands the bytes of `signed` over as they are, so numbers stay the text that they were.
	signing := encode(json.RawMessage(text))
	// A verifier first decodes them into a map, where every number is a 64-bit float.
	var decoded map[string]any
	if err := json.Unmarshal(text, &decoded); err != nil {
		return canonicalisation{signing, canonicalBytes{Error: err.Error()}}
	}
	return canonicalisation{signing, encode(decoded)}
}

func encode(value any) canonicalBytes {
	bytes, err := cjson.EncodeCanonical(value)
	if err != nil {
		return canonicalBytes{Error: err.Error()}
	}
	return canonicalBytes{OK: true, Bytes: bytes}
}
