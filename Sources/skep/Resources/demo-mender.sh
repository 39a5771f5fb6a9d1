#!/bin/sh
# Mends a failing test: reads what the test says, then tries small changes in the function that it
# calls until every test passes. Needs no model: it knows one kind of mistake, the comparison that
# is off by one.
set -eu

cat >/dev/null # the prompt: the tests say more

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
report=$scratch/report

if sh tests/run.sh --strict >"$report"; then
    echo "Every test passes: there is nothing to mend."
    exit 0
fi

name=$(sed -n 's/^not ok [0-9]* - //p' "$report" | head -n 1)
command=$(sed -n 's/^#  *command: //p' "$report" | head -n 1)
echo "Failing: $name"
sed -n 's/^#  *\(.*: \)/    \1/p' "$report"

# "larder soon 7" is done by the function cmd_soon of the file larder.
program=${command%% *}
verb=${command#* }
verb=${verb%% *}
cp -p "$program" "$scratch/original"

# One line for each comparison in that function: line, column, what stands there, what to try.
awk -v start="^cmd_$verb\\\\(\\\\)" '
    BEGIN {
        count = split("-le -lt -lt -le -ge -gt -gt -ge <= < < <= >= > > >=", words, " ")
    }
    $0 ~ start { inside = 1 }
    inside {
        for (i = 1; i < count; i += 2) {
            offset = 0
            rest = $0
            while ((at = index(rest, words[i])) > 0) {
                after = substr(rest, at + length(words[i]), 1)
                if (after != "=") print NR "\t" offset + at "\t" words[i] "\t" words[i + 1]
                offset += at
                rest = substr(rest, at + 1)
            }
        }
    }
    inside && /^}/ { exit }
' "$program" >"$scratch/candidates"
echo "$(($(wc -l <"$scratch/candidates"))) comparisons in cmd_$verb could be wrong."

while IFS="$(printf '\t')" read -r line column old new; do
    echo "Trying \"$new\" for \"$old\" in line $line, column $column"
    awk -v line="$line" -v column="$column" -v old="$old" -v new="$new" '
        NR == line { $0 = substr($0, 1, column - 1) new substr($0, column + length(old)) }
        { print }
    ' "$scratch/original" >"$program"
    if sh tests/run.sh --strict >"$report" 2>&1; then
        echo "Every test passes:"
        diff "$scratch/original" "$program" || true
        grep -vxF "$name" tests/known-failing >"$scratch/known" || true
        cp "$scratch/known" tests/known-failing
        [ -s tests/known-failing ] || rm tests/known-failing
        exit 0
    fi
done <"$scratch/candidates"

cp -p "$scratch/original" "$program"
echo "None of them helped: the mistake is of another kind."
exit 1
