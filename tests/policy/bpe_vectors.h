// The tokenizers and answers of tests/data/bpe_vectors.json, which tests/python/tokenizer_cases.py made.
#pragma once

#include <memory>
#include <string>

#include "common/file.h"
#include "policy/json.h"
#include "policy/tokenizer.h"

namespace r1zero {

inline const nlohmann::json& BpeVectors() {
  static const nlohmann::json vectors =
      ParseJson(ReadFile(R1ZERO_TEST_DATA "/bpe_vectors.json"), "bpe_vectors.json");
  return vectors;
}

// The tokenizer.json of a case.
inline nlohmann::json TestBpeJson(const std::string& name) {
  nlohmann::json root = BpeVectors()["base"];
  for (const nlohmann::json& golden : BpeVectors()["cases"]) {
    if (golden["name"] != name) continue;
    for (const auto& [key, value] : golden["change"].items())
      if (key == "model") {
        root["model"].update(value);
      } else {
        root[key] = value;
      }
  }
  return root;
}

inline std::shared_ptr<const Tokenizer> TestBpe(const std::string& name) {
  return MakeTokenizer(TestBpeJson(name).dump(), name + ".json");
}

}  // namespace r1zero
