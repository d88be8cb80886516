package main

import (
	"crypto/rand"
	"crypto/sha256"
	"strconv"
)

// SetRandom makes every key, salt and nonce follow from a seed, so that ours can be made from the same bytes. (Temporary files' names do not.)
func setRandom(seed string) {
	rand.Reader = &seeded{seed: seed}
}

// Seeded gives the SHA-256 of "SEED:0", then that of "SEED:1", and so on.
type seeded struct {
	seed  string
	next  int
	bytes []byte
}

func (s *seeded) Read(into []byte) (int, error) {
	for len(s.bytes) < len(into) {
		block := sha256.Sum256([]byte(s.seed + ":" + strconv.Itoa(s.next)))
		s.bytes = append(s.bytes, block[:]...)
		s.next++
	}
	n := copy(into, s.bytes)
	s.bytes = s.bytes[n:]
	return n, nil
}
