// A tiny model with a vocabulary of characters, on disk, for the verbs that sample.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "policy/hf_folder.h"
#include "policy/word_tokenizer.h"
#include "tests/policy/test_folder.h"

namespace r1zero {

inline constexpr int64_t kTestContext = 48;

inline WordTokenizer EvalTokenizer() {
  std::vector<std::string> words = {"<pad>",    "<eos>",     "<think>", "</think>",
                                    "<answer>", "</answer>", "\n",      " "};
  for (char c = '!'; c <= '~'; ++c) words.emplace_back(1, c);
  return WordTokenizer(std::move(words), 0, 1);
}

inline void SaveEvalModel(const std::filesystem::path& folder, uint64_t seed = 1) {
  const WordTokenizer tokenizer = EvalTokenizer();
  const ModelConfig model{.vocab_size = tokenizer.vocab_size(),
                          .hidden_size = 16,
                          .num_layers = 1,
                          .num_heads = 2,
                          .num_kv_heads = 1,
                          .head_width = 8,
                          .intermediate_size = 32,
                          .max_positions = kTestContext};
  SaveHfFolder(folder, InitWeights(model, seed), tokenizer);
}

inline void WriteText(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

// A verb of the command line in this process: its exit status and what it printed.
struct Ran {
  int status = -1;
  std::string out, err;
};

inline Ran RunVerb(int (*verb)(int, char**), std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "verb");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Ran ran;
  ran.status = verb(static_cast<int>(argv.size()), argv.data());
  ran.out = testing::internal::GetCapturedStdout();
  ran.err = testing::internal::GetCapturedStderr();
  return ran;
}

}  // namespace r1zero
