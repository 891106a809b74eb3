// The options that eval and sample share: which model, and how it samples.
#pragma once

#include <cstdint>
#include <string>

#include "rollout/group.h"

namespace CLI {
class App;
}

namespace r1zero {

// --model (required), --storage.
void AddModelFlags(CLI::App& app, std::string& model, std::string& storage);

// --style, --system.
void AddPromptFlags(CLI::App& app, std::string& style, std::string& system);

// --temperature, --top-p, --top-k, --max-tokens, --seed. What is not given keeps its value.
void AddSamplingFlags(CLI::App& app, SamplingParams& sampling, int64_t& max_tokens);

}  // namespace r1zero
