// tasks/jsonl.cc
