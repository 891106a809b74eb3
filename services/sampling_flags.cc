#include "services/sampling_flags.h"

#include <CLI/CLI.hpp>

#include "services/number_range.h"
#include "tasks/prompt_style.h"

namespace r1zero {

void AddModelFlags(CLI::App& app, std::string& model, std::string& storage) {
  app.add_option("--model", model, "a Hugging Face folder, a checkpoint, or a run (its newest one)")
      ->required();
  app.add_option("--storage", storage,
                 "of matrices, embedding, keys and values: bfloat16 rounds them and halves their "
                 "memory, as policy.storage of a run")
      ->check(CLI::IsMember({"float32", "bfloat16"}))
      ->capture_default_str();
}

void AddPromptFlags(CLI::App& app, std::string& style, std::string& system) {
  app.add_option("--style", style, "how a prompt is put: plain, r1-zero, or chat (its template)")
      ->check(CLI::IsMember(PromptStyles()))
      ->capture_default_str();
  app.add_option("--system", system, "a system message before the prompt");
}

void AddSamplingFlags(CLI::App& app, SamplingParams& sampling, int64_t& max_tokens) {
  app.add_option("--temperature", sampling.temperature, "0: greedy, the likeliest token")
      ->check(NumberWithin(0.0, 100.0))
      ->capture_default_str();
  app.add_option("--top-p", sampling.top_p,
                 "draw from the fewest tokens that hold this much; 1: off")
      ->check(NumberWithin(1e-6, 1.0))
      ->capture_default_str();
  app.add_option("--top-k", sampling.top_k, "draw from so many likeliest tokens; 0: off")
      ->check(CLI::Range(0, 1 << 24))
      ->capture_default_str();
  app.add_option("--max-tokens", max_tokens, "of a completion; fewer where the context ends")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 24))
      ->capture_default_str();
  app.add_option("--seed", sampling.seed, "decides every token (eval: and the intervals)")
      ->check(WholeNumber64())
      ->capture_default_str();
}

}  // namespace r1zero
