#!/usr/bin/env bash
# Run the core of the suite where users may run the package: with the lowest versions that
# pyproject.toml allows, with the newest, with no extra, and without each extra in turn.
#
#     scripts/check_versions.sh [lowest] [newest] [none] [EXTRA...]     all of it by default
#
# It needs uv. The environments are made in a temporary folder, and thrown away.
set -euo pipefail
cd "$(dirname "$0")/.."

EXTRAS=(local objects video pdf heic agents notebook)
CORE=(package images headers prepare prepare_images tokens token_counts plan profiles messages
  contract contract_calls contract_roles chat_models plain_completions replies standard_unit store
  sources bounded usage bills draw prompts azure_wire)
TESTS=("${CORE[@]/#/tests/test_}")
TESTS=("${TESTS[@]/%/.py}")
FAILED=()

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export UV_LINK_MODE=copy PYTHONDONTWRITEBYTECODE=1

# without EXTRA: every other extra, less those that stand on it.
without() {
  local kept=()
  for extra in "${EXTRAS[@]}"; do
    [[ $extra == "$1" || ($1 == local && $extra == objects) ]] || kept+=("$extra")
  done
  (IFS=,; echo "${kept[*]}")
}

# check NAME EXTRAS [OPTION...]
check() {
  local name=$1 extras=$2
  shift 2
  echo "== $name: [$extras]"
  uv venv --quiet --clear "$folder/venv"
  if uv pip install --quiet --python "$folder/venv/bin/python" "$@" -e ".[$extras]" &&
    "$folder/venv/bin/python" -m pytest -q --benchmark-disable "${TESTS[@]}"; then
    return
  fi
  FAILED+=("$name")
}

for which in "${@:-lowest newest none ${EXTRAS[@]}}"; do
  for name in $which; do
    case $name in
      lowest) check lowest all,test --resolution lowest-direct ;;
      newest) check newest all,test --upgrade ;;
      none) check none test ;;
      *) check "without $name" "$(without "$name"),test" ;;
    esac
  done
done

if ((${#FAILED[@]})); then
  echo "failed: ${FAILED[*]}"
  exit 1
fi
echo "all passed"
