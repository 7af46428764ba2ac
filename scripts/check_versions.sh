#!/usr/bin/env bash
# Run the suite where users may run the package: with the lowest versions that pyproject.toml
# allows, with the newest, with no extra, and without each extra in turn. A table of it ends it.
#
#     scripts/check_versions.sh [lowest] [newest] [none] [EXTRA...]     all of it by default
#
# It needs uv. The environments are made in a temporary folder, and thrown away.
set -euo pipefail
cd "$(dirname "$0")/.."

EXTRAS=(local objects video pdf index heic agents notebook)
declare -A STANDS_ON=([objects]=local [index]="local pdf")
SHOWN=(langchain-core langchain-openai openai pydantic pillow)
FAILED=()

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=$folder/venv/bin/python
export UV_LINK_MODE=copy PYTHONDONTWRITEBYTECODE=1

# without EXTRA: every other extra, less those that stand on it.
without() {
  local kept=() extra
  for extra in "${EXTRAS[@]}"; do
    [[ " $extra ${STANDS_ON[$extra]-} " == *" $1 "* ]] || kept+=("$extra")
  done
  (IFS=,; echo "${kept[*]}")
}

# row CELL...: a line of the table.
row() {
  printf '| %s ' "$@" >>"$folder/table"
  echo '|' >>"$folder/table"
}

# counted WORD: how many tests the last run says so of.
counted() {
  local ended
  ended=$(grep -E ' in [0-9.]+s' "$folder/log" | tail -n 1) || true
  [[ $ended =~ ([0-9]+)\ $1 ]] && echo "${BASH_REMATCH[1]}" || echo 0
}

# versions: of the libraries that matter most.
versions() {
  "$python" -c "import importlib.metadata as m; print(*map(m.version, '${SHOWN[*]}'.split()))"
}

# check NAME EXTRAS [OPTION...]
check() {
  local name=$1 extras=$2 start
  shift 2
  echo "== $name: [$extras]"
  uv venv --quiet --clear "$folder/venv"
  if ! uv pip install --quiet --python "$python" "$@" -e ".[$extras]"; then
    FAILED+=("$name")
    return
  fi
  start=$SECONDS
  "$python" -m pytest -q --benchmark-disable 2>&1 | tee "$folder/log" || FAILED+=("$name")
  row "$name" $(versions) "$(counted passed)" "$(counted skipped)" \
    $(($(counted failed) + $(counted error))) $((SECONDS - start))
}

row run "${SHOWN[@]}" passed skipped failed s
row --- "${SHOWN[@]/*/---}" --: --: --: --:

(($#)) || set -- lowest newest none "${EXTRAS[@]}"
for name; do
  case $name in
    lowest) check lowest all,test --resolution lowest-direct ;;
    newest) check newest all,test --upgrade ;;
    none) check "no extra" test ;;
    *) check "without $name" "$(without "$name"),test" ;;
  esac
done

echo
cat "$folder/table"
if ((${#FAILED[@]})); then
  echo "failed: ${FAILED[*]}"
  exit 1
fi
echo "all passed"
