// r1zero eval on a tiny model and twelve problems.
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "common/file.h"
#include "services/verbs.h"
#include "tests/services/eval_model.h"

namespace r1zero {

class EvalVerb : public testing::Test {
 protected:
  EvalVerb() {
    SaveEvalModel(model_);
    std::string rows;
    for (int i = 1; i <= 12; ++i)
      rows += R"({"question":"How much is )" + std::to_string(i) + R"(+1?","answer":"#### )" +
              std::to_string(i + 1) + "\"}\n";
    WriteText(data_, rows);
  }

  std::vector<std::string> Arguments(std::vector<std::string> more = {}) const {
    std::vector<std::string> all = {"--model",    model_.string(), "--data",       data_.string(),
                                    "--verifier", "gsm8k_last",    "--max-tokens", "20"};
    if (std::ranges::find(more, "--samples") == more.end())
      all.insert(all.end(), {"--samples", "4"});
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Ran Eval(std::vector<std::string> more = {}) const { return RunVerb(EvalMain, Arguments(more)); }
  std::string Rows(const char* name, std::vector<std::string> more = {}) const {
    more.insert(more.end(), {"--out", (folder_ / name).string()});
    const Ran ran = Eval(more);
    EXPECT_EQ(ran.status, 0) << ran.err;
    return ReadFile(folder_ / name);
  }
  // Refused as bad input, with one sentence.
  void ExpectRefused(const std::vector<std::string>& arguments, const std::string& expected) const {
    const Ran ran = RunVerb(EvalMain, arguments);
    EXPECT_EQ(ran.status, 2) << ran.err;
    EXPECT_THAT(ran.err, testing::HasSubstr(expected));
    EXPECT_EQ(ran.out, "");
  }

  const TestFolder folder_;
  const std::filesystem::path model_ = folder_ / "model", data_ = folder_ / "data.jsonl";
};

}  // namespace r1zero
