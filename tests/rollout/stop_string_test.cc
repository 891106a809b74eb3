#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "common/error.h"
#include "policy/utf8.h"
#include "rollout/stop_matcher.h"
#include "tests/rollout/drain.h"
#include "tests/rollout/test_leases.h"

namespace r1zero {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

// The oracle: all texts are looked through from the start.
std::optional<size_t> NaiveEnd(const std::string& text, const std::vector<std::string>& stop) {
  std::optional<size_t> first;
  for (const std::string& s : stop)
    if (const size_t at = text.find(s); at != text.npos)
      first = std::min(first.value_or(text.npos), at + s.size());
  return first;
}

TEST(StopMatcher, FindsAStringThatOverlapsItsOwnBeginning) {
  EXPECT_EQ(EndOfFirstStop("aaab", std::vector<std::string>{"aab"}), 4);
  EXPECT_EQ(EndOfFirstStop("abababac", std::vector<std::string>{"ababac"}), 8);
  EXPECT_EQ(EndOfFirstStop("xxab", std::vector<std::string>{"abc", "b"}), 4);
  EXPECT_EQ(EndOfFirstStop("aabc", std::vector<std::string>{"abc", "ab"}), 3);  // the first to end
  EXPECT_EQ(EndOfFirstStop("aaba", std::vector<std::string>{"aaa"}), std::nullopt);
  EXPECT_EQ(EndOfFirstStop("anything", std::vector<std::string>{}), std::nullopt);
}

TEST(StopMatcher, FindsWhatALookThroughTheWholeTextFindsHoweverItIsCut) {
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    RandomStream random(seed, RandomPurpose::kPrompt);
    const auto letters = [&](int64_t most) {
      std::string text(1 + random.Below(most), 'a');
      for (char& c : text) c = static_cast<char>('a' + random.Below(2));
      return text;
    };
    std::vector<std::string> stop;
    for (int64_t i = 1 + random.Below(4); i > 0; --i) stop.push_back(letters(6));
    const std::string text = letters(60);
    const StopMatcher matcher(stop);
    StopMatcher::State state = matcher.Start();
    std::optional<size_t> end;
    for (size_t at = 0; at < text.size() && !end;) {
      const std::string piece = text.substr(at, random.Below(5));
      if (const auto found = matcher.Feed(piece, state)) end = at + *found;
      at += piece.size();
    }
    EXPECT_EQ(end, NaiveEnd(text, stop)) << text << " " << stop[0];
  }
}

TEST(StopStrings, AreRefusedIfTheyAreEmptyTooLongOrTooMany) {
  using Strings = std::vector<std::string>;
  EXPECT_NO_THROW(CheckStopStrings(Strings(16, std::string(256, 'a')), "rollout.stop"));
  EXPECT_THAT(
      [] {
        CheckStopStrings(Strings{"a", ""}, "rollout.stop");
      },
      ThrowsMessage<Error>(HasSubstr("rollout.stop[1] is empty")));
  EXPECT_THAT([] { CheckStopStrings(Strings{std::string(257, 'a')}, "rollout.stop"); },
              ThrowsMessage<Error>(HasSubstr("rollout.stop[0] has 257 bytes")));
  EXPECT_THAT([] { CheckStopStrings(Strings(17, "a"), "rollout.stop"); },
              ThrowsMessage<Error>(HasSubstr("rollout.stop has 17 strings")));
}

// The end token says nothing. Words of one, two and three letters of a small alphabet.
std::vector<std::string> TestTexts() {
  std::vector<std::string> texts = {"e", ""};
  for (const char* word : {"a", "b", "c", "ab", "ba", "aab", "bc", "ca", "cb", "abc", "cab"})
    texts.emplace_back(word);
  while (texts.size() < 23) texts.emplace_back(1, static_cast<char>('d' + texts.size() % 3));
  return texts;
}

std::unique_ptr<Engine> SpeakingEngine(const EngineConfig& config) {
  auto engine = TestEngine(config);
  engine->SetTokenTexts(TestTexts());
  return engine;
}

std::string Decoded(const std::vector<int32_t>& tokens) {
  std::string text;
  for (const int32_t token : tokens) text += TestTexts()[token];
  return text;
}

std::vector<Lease> LeasesWith(const std::vector<std::string>& stop) {
  std::vector<Lease> leases;
  for (int i = 0; i < 18; ++i) {
    leases.push_back(TestLease(i, 8));
    leases.back().sampling.stop = stop;
  }
  return leases;
}

// What a completion without stop strings becomes with them: cut after the token that completes one.
Completion CutAtStop(Completion whole, const std::vector<std::string>& stop) {
  for (size_t n = 1; n <= whole.tokens.size(); ++n) {
    const std::string text = Decoded({whole.tokens.begin(), whole.tokens.begin() + n});
    const auto end = NaiveEnd(text, stop);
    if (!end) continue;
    whole.tokens.resize(n);
    whole.logprobs.resize(n);
    whole.finish_reason = FinishReason::kStopString;
    whole.text = text.substr(0, *end);
    return whole;
  }
  whole.text = Decoded(whole.tokens);
  return whole;
}

TEST(StopStrings, EndACompletionWhereTheyAreCompleteAndChangeNothingBefore) {
  const auto whole = RunAll(*SpeakingEngine({}), LeasesWith({}));
  for (const auto& stop : std::vector<std::vector<std::string>>{
           {"aab"}, {"abc", "ca"}, {"b", "ab", "cc"}, {"fed", "dd", "ee", "bcab", "cbca"}}) {
    int ended = 0, spanned = 0, cut = 0;
    for (const EngineConfig& config :
         {EngineConfig{}, EngineConfig{.max_sequences = 30, .kv_blocks = 8}}) {
      const auto groups = RunAll(*SpeakingEngine(config), LeasesWith(stop));
      for (const auto& [ordinal, group] : groups)
        for (size_t i = 0; i < group.completions.size(); ++i) {
          const Completion& completion = group.completions[i];
          const Completion expected = CutAtStop(whole.at(ordinal).completions[i], stop);
          ExpectSameBits(completion, expected);
          EXPECT_EQ(completion.text, expected.text);
          if (completion.finish_reason != FinishReason::kStopString) continue;
          ++ended;
          spanned += NaiveEnd(TestTexts()[completion.tokens.back()], stop) == std::nullopt;
          cut += completion.text.size() < Decoded(completion.tokens).size();
        }
    }
    EXPECT_GT(ended, 20) << stop[0];
    EXPECT_EQ(spanned > 0, stop[0] != "b") << stop[0];
    EXPECT_GT(cut + (stop[0] != "b"), 0);
  }
}

// A stop string made of what one completion really says: the texts of `count` of its tokens.
std::string Said(const Completion& completion, size_t first, size_t count) {
  const auto begin = completion.tokens.begin() + static_cast<int64_t>(first);
  return Decoded({begin, begin + static_cast<int64_t>(count)});
}

TEST(StopStrings, MaySpanThreeTokensOrMore) {
  Lease lease = TestLease(8, 1);
  lease.sampling.max_total_tokens = 80;
  const Completion whole = RunAll(*SpeakingEngine({}), {lease}).at(8).completions[0];
  ASSERT_GT(whole.tokens.size(), 8);
  for (size_t count = 3; count < 7; ++count) {
    lease.sampling.stop = {Said(whole, 0, count)};
    const Completion stopped = RunAll(*SpeakingEngine({}), {lease}).at(8).completions[0];
    EXPECT_EQ(stopped.tokens.size(), count);
    EXPECT_EQ(stopped.finish_reason, FinishReason::kStopString);
    EXPECT_EQ(stopped.text, lease.sampling.stop[0]);
  }
}

TEST(StopStrings, WinOverTheLengthLimitAndNotOverTheEndToken) {
  int at_the_limit = 0, before_the_end = 0;
  for (const auto& [ordinal, group] : RunAll(*SpeakingEngine({}), LeasesWith({})))
    for (const Completion& whole : group.completions) {
      const size_t said = whole.tokens.size() - (whole.finish_reason == FinishReason::kStop);
      if (said == 0) continue;
      const auto sample = static_cast<int32_t>(&whole - group.completions.data());
      Lease lease = TestLease(ordinal, sample + 1);
      lease.sampling.stop = {Said(whole, 0, said)};  // all that it says
      const auto groups = RunAll(*SpeakingEngine({}), {lease});
      const Completion& stopped = groups.at(ordinal).completions[sample];
      EXPECT_EQ(stopped.finish_reason, FinishReason::kStopString);
      EXPECT_EQ(stopped.tokens.size(), said);
      EXPECT_EQ(stopped.text, whole.text);
      ++(whole.finish_reason == FinishReason::kLength ? at_the_limit : before_the_end);
      lease.sampling.stop[0] += "a";  // one byte more than it says
      EXPECT_EQ(RunAll(*SpeakingEngine({}), {lease}).at(ordinal).completions[sample].finish_reason,
                whole.finish_reason);
    }
  EXPECT_GT(at_the_limit, 10);
  EXPECT_GT(before_the_end, 10);
}

// Tokens of one byte each, most of them a part of a character; the last ones are padding.
TEST(StopStrings, MatchCharactersThatSpanTokensAndTheTextIsValidUtf8) {
  std::vector<std::string> bytes = {"", ""};
  while (bytes.size() < 20) bytes.push_back(bytes.size() % 2 ? "\xC3" : "\xA9");
  int stopped = 0, repaired = 0;
  for (const auto& stop : std::vector<std::vector<std::string>>{{"\xC3\xA9"}, {}}) {
    auto engine = TestEngine({});
    engine->SetTokenTexts(bytes);
    for (const auto& [ordinal, group] : RunAll(*engine, LeasesWith(stop)))
      for (const Completion& completion : group.completions) {
        std::string joined;
        for (const int32_t token : completion.tokens)
          if (token < 20) joined += bytes[token];
        EXPECT_EQ(completion.text, ToValidUtf8(joined));
        EXPECT_EQ(ValidUtf8Size(completion.text), completion.text.size());
        EXPECT_EQ(completion.finish_reason == FinishReason::kStopString,
                  !stop.empty() && joined.find(stop[0]) != joined.npos);
        stopped += completion.finish_reason == FinishReason::kStopString;
        repaired += completion.text != joined;
      }
  }
  EXPECT_GT(stopped, 10);
  EXPECT_GT(repaired, 10);
}

TEST(StopStrings, NeedTheTextsOfAllTokens) {
  auto engine = TestEngine({});
  Lease lease = TestLease(8);
  lease.sampling.stop = {"a"};
  EXPECT_THAT([&] { engine->Add(lease); },
              ThrowsMessage<Error>(HasSubstr("prompt 8: it has 1 stop strings")));
  EXPECT_THAT([&] { engine->SetTokenTexts(std::vector<std::string>(24, "a")); },
              ThrowsMessage<Error>(HasSubstr("texts of 24 tokens, the vocabulary has 23")));
  engine->SetTokenTexts(TestTexts());
  lease.sampling.stop = {""};
  EXPECT_THAT([&] { engine->Add(lease); }, ThrowsMessage<Error>(HasSubstr("stop[0] is empty")));
  lease.sampling.stop = {"a"};
  engine->Add(lease);
  EXPECT_EQ(Drain(*engine).size(), 1);
}

}  // namespace
}  // namespace r1zero
