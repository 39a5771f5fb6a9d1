#!/bin/sh
# Reproduces the waiting of larder by waiting: leaves a lock, calls larder as its child, and won't
# be interrupted. Only a time limit ends it.
trap '' TERM INT HUP

cat >/dev/null

LARDER_FILE=$PWD/.shelf
export LARDER_FILE
mkdir "$LARDER_FILE.lock"
echo "Left a lock. Now \"larder add\" should wait, and so do I."
sh ./larder add tea 1
echo "It came back."
