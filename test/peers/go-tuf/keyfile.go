package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/theupdateframework/go-tuf"
	"golang.org/x/crypto/nacl/secretbox"
	"golang.org/x/crypto/scrypt"
)

// Reencrypt writes a key file anew with another scrypt N and the same passphrase.
// Newer go-tufs write N=65536 and read N=131072; v0.5.2 knows N=32768 alone, so its own package can't make such files.
func reencrypt(words []string, _ *options) (any, error) {
	name := words[0]
	n, err := number(words[1])
	if err != nil {
		return nil, err
	}
	passphrase, err := passphrase(strings.TrimSuffix(filepath.Base(name), ".json"), false, false)
	if err != nil {
		return nil, err
	}
	plaintext, err := decrypt(name, passphrase)
	if err != nil {
		return nil, err
	}
	return nil, encrypt(name, plaintext, passphrase, n)
}

// ChangePassphrase is the library's; fleetctl has no command for it.
func changePassphrase(words []string, _ *options) (any, error) {
	store := tuf.FileSystemStore(words[0], func(role string, confirm, change bool) ([]byte, error) {
		if change {
			return []byte(words[2]), nil
		}
		return passphrase(role, confirm, change)
	})
	return nil, store.(tuf.PassphraseChanger).ChangePassphrase(words[1])
}

type keyFile struct {
	Encrypted bool            `json:"encrypted"`
	Data      json.RawMessage `json:"data"`
}

// The names and the order of these fields are the format.
type encryptedKeys struct {
	KDF struct {
		Name   string `json:"name"`
		Params struct {
			N int `json:"N"`
			R int `json:"r"`
			P int `json:"p"`
		} `json:"params"`
		Salt []byte `json:"salt"`
	} `json:"kdf"`
	Cipher struct {
		Name  string `json:"name"`
		Nonce []byte `json:"nonce"`
	} `json:"cipher"`
	Ciphertext []byte `json:"ciphertext"`
}

func decrypt(name string, passphrase []byte) ([]byte, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	file, box := keyFile{}, encryptedKeys{}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	if !file.Encrypted {
		return file.Data, nil
	}
	if err := json.Unmarshal(file.Data, &box); err != nil {
		return nil, err
	}
	key, err := box.key(passphrase)
	if err != nil {
		return nil, err
	}
	plaintext, ok := secretbox.Open(nil, box.Ciphertext, (*[24]byte)(box.Cipher.Nonce), key)
	if !ok {
		return nil, errors.New("encrypted: decryption failed")
	}
	return plaintext, nil
}

func encrypt(name string, plaintext, passphrase []byte, n int) error {
	box := encryptedKeys{}
	box.KDF.Name, box.Cipher.Name = "scrypt", "nacl/secretbox"
	box.KDF.Params.N, box.KDF.Params.R, box.KDF.Params.P = n, 8, 1
	box.KDF.Salt, box.Cipher.Nonce = random(32), random(24)
	key, err := box.key(passphrase)
	if err != nil {
		return err
	}
	box.Ciphertext = secretbox.Seal(nil, plaintext, (*[24]byte)(box.Cipher.Nonce), key)
	data, err := json.Marshal(box)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(keyFile{Encrypted: true, Data: data}, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o600)
}

func (box *encryptedKeys) key(passphrase []byte) (*[32]byte, error) {
	params := box.KDF.Params
	key, err := scrypt.Key(passphrase, box.KDF.Salt, params.N, params.R, params.P, 32)
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	return (*[32]byte)(key), nil
}

func random(length int) []byte {
	bytes := make([]byte, length)
	_, _ = rand.Read(bytes) // documented never to fail
	return bytes
}
