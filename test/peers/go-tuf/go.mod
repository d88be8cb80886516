// A program of its own, so that tuf-timekeeper itself needs no Go.
module peer

go 1.23.0

require (
	// The versions in fleetctl and Orbit, not to be raised before theirs. (That of golang.org/x/crypto is free.)
	github.com/secure-systems-lab/go-securesystemslib v0.5.0
	github.com/theupdateframework/go-tuf v0.5.2
	golang.org/x/crypto v0.36.0
)

require golang.org/x/sys v0.31.0 // indirect
