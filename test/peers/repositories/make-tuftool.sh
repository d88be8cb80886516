#!/usr/bin/env bash
# Makes the fixture `tuftool` with tuftool 0.17.0 (tough 0.24.0): see README.md beside this file.
# Usage: make-tuftool.sh FOLDER (with tuftool, openssl and python3 in the path)
set -euo pipefail
mkdir "$1" && cd "$1"
mkdir keys work work/targets work/added
printf 'listed in targets.json\n' >work/targets/tool
printf 'listed in the role plugins\n' >work/added/plugin-hello.so

root=work/root.json
late=2029-11-22T12:00:00Z
soon=2026-12-07T12:00:00Z
tuftool root init --version 1 $root
tuftool root expire $root 2036-11-20T12:00:00Z
keys=()
for role in root targets snapshot timestamp; do
  openssl genpkey -algorithm ed25519 -outform DER -out keys/$role.der
  tuftool root set-threshold $root $role 1
  tuftool root add-key $root -k keys/$role.der -r $role
  keys+=(-k keys/$role.der)
done
openssl genpkey -algorithm ed25519 -outform DER -out work/plugins.der
tuftool root sign $root -k keys/root.der

tuftool create -r $root "${keys[@]}" -t work/targets -o work/repo \
  --targets-version 1 --targets-expires $late --snapshot-version 1 --snapshot-expires $late \
  --timestamp-version 1 --timestamp-expires $soon

# A role for plugin-*, with a key of its own, and one for the paths whose hash begins with 0 to 7, with the same key.
here="file://$PWD/work"
delegate() {
  tuftool delegation --signing-role "$1" create-role -k work/plugins.der -e $late -v 1 -o "work/$1"
  tuftool delegation --signing-role targets add-role -d "$1" "${@:3}" -e $late -i "$here/$1/metadata" "${keys[@]}" \
    -m "$here/repo/metadata" -o work/repo -r $root -t 1 -v "$2" --sign-all \
    --snapshot-version "$2" --snapshot-expires $late --timestamp-version "$2" --timestamp-expires $soon
}
delegate plugins 2 -p 'plugin-*'
delegate low 3 -x 0 -x 1 -x 2 -x 3 -x 4 -x 5 -x 6 -x 7

# The holder of plugins adds a target, and the owner of the repository takes it in.
tuftool delegation --signing-role plugins update-delegated-targets -k work/plugins.der -e $late -v 2 -r $root \
  -m "$here/repo/metadata" -t work/added -o work/signed
cp work/repo/metadata/timestamp.json earlier-timestamp.json
tuftool update -r $root "${keys[@]}" -m "$here/repo/metadata" -o work/repo --role plugins -i "$here/signed/metadata" \
  --targets-version 4 --targets-expires $late --snapshot-version 4 --snapshot-expires $late \
  --timestamp-version 4 --timestamp-expires $soon

# As Timekeeper has it: metadata in repository/, targets below it. With consistent snapshots a target has its hash before its name.
mkdir repository
cp work/repo/metadata/*.json repository
cp -rL work/repo/targets repository/targets
added=work/signed/targets/plugin-hello.so
cp -L $added "repository/targets/$(openssl dgst -sha256 -r $added | cut -c1-64).plugin-hello.so"

# The same keys as key files of go-tuf's.
hex() { od -An -v -tx1 | tr -d ' \n'; }
for role in root targets snapshot timestamp; do
  public=$(openssl pkey -inform DER -in keys/$role.der -pubout -outform DER | tail -c 32 | hex)
  private=$(tail -c 32 keys/$role.der | hex)$public
  printf '{"encrypted":false,"data":[{"keytype":"ed25519","scheme":"ed25519","keyval":{"public":"%s","private":"%s"}}]}\n' \
    "$public" "$private" >keys/$role.json
done
rm -r work keys/{root,targets,snapshot}.der
