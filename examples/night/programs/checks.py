"""What has to be so before a change is reviewed, told as TAP."""
import subprocess
import sys

CHECKS = [
    ("no conflict is left in any file", r"^(<<<<<<<|>>>>>>>) "),
    ("nothing is left half done", r"// HALF:"),
]

failed = 0
print(f"1..{len(CHECKS)}")
for number, (what, pattern) in enumerate(CHECKS, 1):
    found = subprocess.run(
        ["git", "grep", "--line-number", "-I", "--extended-regexp", pattern], text=True,
        stdin=subprocess.DEVNULL, capture_output=True)
    is_good = found.returncode == 1
    failed += not is_good
    print(f"{'ok' if is_good else 'not ok'} {number} - {what}")
    for line in (found.stdout + found.stderr).splitlines():
        print(f"  # {line}")
sys.exit(1 if failed else 0)
