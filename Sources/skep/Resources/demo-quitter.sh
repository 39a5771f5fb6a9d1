#!/bin/sh
# Looks for every place where larder counts, and gives up with exit status 3 when it finds that it
# would have to count in fractions.
set -eu

cat >/dev/null

echo "Places that take a whole number:"
grep -n 'is_count\|[-+]= *\$2' larder
echo "The arithmetic of the shell knows whole numbers only, and I know nothing else."
echo "quitter: I can't count in fractions" >&2
exit 3
