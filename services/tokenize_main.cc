// r1zero tokenize: lines of text to lines of token ids, and back.
#include <CLI/CLI.hpp>
#include <charconv>
#include <filesystem>
#include <functional>
#include <iostream>

#include "common/error.h"
#include "common/file.h"
#include "policy/tokenizer.h"
#include "services/command.h"
#include "services/verbs.h"

namespace r1zero {
namespace {

constexpr char kDescription[] =
    "Reads lines of text and writes a line of token ids for each, with spaces between; with "
    "--decode "
    "the other way round.";
constexpr char kExamples[] = R"(
examples
  r1zero tokenize --tokenizer Qwen2.5-0.5B < questions.txt > ids.txt
  r1zero tokenize --tokenizer tokenizer.json --decode < ids.txt
  echo 'What is 2+2?' | r1zero tokenize --tokenizer Llama-3.2-1B --prompt

Tokens that a line spells (<|im_end|>) become these tokens. A line of ids may decode to text with line
ends in it; special tokens and ids beyond the vocabulary decode to nothing. Exit status: 0 success,
1 a line that cannot be read, 2 bad usage or tokenizer.
)";
constexpr size_t kMaxFileBytes = size_t{256} << 20;

struct TokenizeFlags {
  std::string tokenizer;
  bool decode = false;
  bool prompt = false;
};

void AddFlags(CLI::App& app, TokenizeFlags& flags) {
  app.add_option("--tokenizer", flags.tokenizer, "a Hugging Face folder, or its tokenizer.json")
      ->required();
  auto* decode = app.add_flag("--decode", flags.decode, "lines of ids to lines of text");
  app.add_flag("--prompt", flags.prompt,
               "with what the tokenizer puts in front of a prompt (BOS), as in training")
      ->excludes(decode);
}

std::shared_ptr<const Tokenizer> LoadTokenizer(std::filesystem::path path) {
  if (std::filesystem::is_directory(path)) path /= "tokenizer.json";
  return MakeTokenizer(ReadFile(path, kMaxFileBytes), path.string());
}

std::vector<int32_t> ParseIds(std::string_view line) {
  std::vector<int32_t> ids;
  for (;;) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t\r"), line.size()));
    if (line.empty()) return ids;
    const std::string_view word = line.substr(0, line.find_first_of(" \t\r"));
    uint32_t id = 0;
    const auto [end, fault] = std::from_chars(word.begin(), word.end(), id);
    Require(fault == std::errc() && end == word.end() && id <= INT32_MAX, "'", word.substr(0, 40),
            "' is no token id, expected 0 to ", INT32_MAX);
    ids.push_back(static_cast<int32_t>(id));
    line.remove_prefix(word.size());
  }
}

std::string IdsText(const std::vector<int32_t>& ids) {
  std::string text;
  for (const int32_t id : ids) (text += text.empty() ? "" : " ") += std::to_string(id);
  return text;
}

std::string Converted(const Tokenizer& tokenizer, const TokenizeFlags& flags,
                      const std::string& line) {
  if (flags.decode) return tokenizer.Decode(ParseIds(line));
  return IdsText(flags.prompt ? tokenizer.EncodePrompt(line) : tokenizer.Encode(line));
}

// Whatever is there is written before more is waited for.
void ConvertLines(const std::function<std::string(const std::string&)>& convert) {
  std::string line;
  for (int64_t number = 1; std::getline(std::cin, line); ++number) {
    try {
      std::cout << convert(line) << '\n';
    } catch (const Error& error) {
      std::cout.flush();
      Fail("line ", number, ": ", error.what());
    }
    if (std::cin.rdbuf()->in_avail() <= 0) std::cout.flush();
    Require(std::cout.good(), "cannot write to standard output");
  }
  Require(!std::cin.bad(), "standard input cannot be read; is it a folder?");
  Require(std::cout.flush().good(), "cannot write to standard output");
}

}  // namespace

int TokenizeMain(int argc, char** argv) {
  TokenizeFlags flags;
  CLI::App app(kDescription, "r1zero tokenize");
  AddFlags(app, flags);
  app.footer(kExamples);
  const int parsed = ParseCommandLine(app, argc, argv);
  if (parsed >= 0) return parsed;
  std::ios::sync_with_stdio(false);
  std::cin.tie(nullptr);
  std::shared_ptr<const Tokenizer> tokenizer;
  const int usable = Guarded("tokenize", kBadConfig, [&] {
    tokenizer = LoadTokenizer(flags.tokenizer);
    return kSuccess;
  });
  if (usable != kSuccess) return usable;
  return Guarded("tokenize", kFailed, [&] {
    ConvertLines([&](const std::string& line) { return Converted(*tokenizer, flags, line); });
    return kSuccess;
  });
}

}  // namespace r1zero
