#!/usr/bin/env bash
# Writes docs/configuration.md from `r1zero train --help`; a test holds the page to it.
set -euo pipefail
cd "$(dirname "$0")/.."
{
  cat <<'HEAD'
# Configuration

A run is a TOML file; `--set section.key=value` overrides one key and may be repeated; what is in neither has its
default. An unknown key, a wrong type or a value out of range is an error that names file, line and key.
`r1zero train RUN.toml --dry-run` prints the resolved configuration, which the run folder keeps as `config.toml`, and on
standard error the memory that the run takes, as `r1zero plan` counts it ([planning](planning.md)).

A base policy is cached in `pretrain.cache` by a hash of everything that it depends on. A run resumes only under the
configuration it was started with, apart from names, places, workers, threads and evaluation
(`--accept-config-change` overrules).

```
HEAD
  build/release/r1zero train --help | sed -n '/^\[run\]/,$p'
  echo '```'
} > docs/configuration.md
