#include "tasks/row_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "common/error.h"
#include "tests/tasks/temp_file.h"

namespace r1zero {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

std::vector<std::string> Prompts(const RowSource& rows) {
  std::vector<std::string> prompts;
  for (int64_t i = 0; i < rows.count(); ++i) prompts.push_back(rows.Row(i).Text("prompt"));
  return prompts;
}

std::string FaultOf(const std::string& content, int64_t row, const std::string& key) {
  const TempFile file(content);
  try {
    OpenRows(file.path())->Row(row).Integer(key);
  } catch (const Error& e) {
    const std::string what = e.what();
    EXPECT_TRUE(what.starts_with(file.path())) << what;
    return what.substr(std::min(what.size(), file.path().size()));
  }
  return "accepted";
}

TEST(RowSource, ReadsAnyLineAlone) {
  const TempFile file(
      "\xef\xbb\xbf{\"prompt\":\"a\"}\r\n\n \t\n{\"prompt\":\"b\"}\n{\"prompt\":\"c\"}");
  const auto rows = OpenRows(file.path());
  EXPECT_EQ(rows->count(), 3);
  EXPECT_EQ(rows->Row(2).Text("prompt"), "c");
  EXPECT_THAT(Prompts(*rows), testing::ElementsAre("a", "b", "c"));
}

TEST(RowSource, ReadsTheElementsOfOneJsonArray) {
  const TempFile file(
      "\n [\n  {\"prompt\": \"a ] , \\\" [\", \"x\": [1, {\"y\": []}]},\n  {\"prompt\": \"b\"\n  "
      "}\n]\n");
  EXPECT_THAT(Prompts(*OpenRows(file.path())), testing::ElementsAre("a ] , \" [", "b"));
  const TempFile one_line(R"([{"prompt":"a"},{"prompt":"b"},{"prompt":"c\\"}])");
  EXPECT_THAT(Prompts(*OpenRows(one_line.path())), testing::ElementsAre("a", "b", "c\\"));
}

TEST(RowSource, AFaultIsNamedByFileLineAndColumn) {
  EXPECT_EQ(FaultOf("{\"n\":1}\n\n{\"n\":\"x\"}\n", 1, "n"),
            ":3:6: \"n\" is \"x\", expected a whole number");
  EXPECT_EQ(FaultOf("[\n  {\"n\":1},\n  {\"m\":2,\n   \"n\":\"x\"}\n]", 1, "n"),
            ":4:8: \"n\" is \"x\", expected a whole number");
  EXPECT_EQ(FaultOf("[{\"n\":1},{\"n\":\"x\"}]", 1, "n"),
            ":1:15: \"n\" is \"x\", expected a whole number");
  EXPECT_EQ(FaultOf("{\"a\":{\"n\":\"x\"}}\n", 0, "a.n"),
            ":1:11: \"a.n\" is \"x\", expected a whole number");
  EXPECT_EQ(FaultOf("{\"a\":1}\n", 0, "a.n"),
            ":1:1: the row has no \"a.n\", expected a whole number");
  EXPECT_THAT(FaultOf("[\n {\"n\":1},\n {\"n\":1 2}]", 1, "n"), HasSubstr(":3:9: not valid JSON"));
  EXPECT_THAT(FaultOf("[1,2]", 1, "n"), HasSubstr(":1:4: found 2, expected a JSON object"));
}

TEST(RowSource, AFileWithoutRowsOrWithAnArrayThatDoesNotEndIsRefused) {
  for (const char* content : {"", "\n \n", "[]", "[ \n ]"})
    EXPECT_THAT(FaultOf(content, 0, "n"), HasSubstr(": no rows")) << content;
  EXPECT_EQ(FaultOf("[{\"n\":1}", 0, "n"), ":1:9: the file ends inside its array, expected ']'");
  EXPECT_EQ(FaultOf("[\n{\"n\":\"", 0, "n"), ":2:7: the file ends inside its array, expected ']'");
  EXPECT_EQ(FaultOf("[{\"n\":1}]\nx", 0, "n"),
            ":2:1: text after the array, expected the file to end");
  EXPECT_THAT([] { OpenRows("/nowhere/x.jsonl"); },
              ThrowsMessage<Error>(HasSubstr("/nowhere/x.jsonl")));
}

// Every cut and every changed byte of an array is either read or refused.
TEST(RowSource, AHostileArrayIsRefusedOrRead) {
  const std::string good = "[{\"n\":\"a\\\"\"},\n{\"n\":[{\"m\":1}]} , {\"n\":2}]\n";
  for (size_t at = 0; at < good.size(); ++at)
    for (const char byte : {'\0', '"', '\\', '{', '}', '[', ']', ',', '\n', '\xff'}) {
      std::string bad = good;
      bad[at] = byte;
      for (const std::string& content : {bad, good.substr(0, at)}) {
        const TempFile file(content);
        try {
          const auto rows = OpenRows(file.path());
          for (int64_t i = 0; i < rows->count(); ++i) (void)rows->Row(i);
        } catch (const Error& e) {
          EXPECT_THAT(e.what(), HasSubstr(file.path()));
        }
      }
    }
}

TEST(RowSource, ARowThatIsHugeIsRefusedBeforeItIsParsed) {
  EXPECT_EQ(FaultOf("{\"n\":1}\n" + std::string((1 << 26) + 1, '['), 0, "n"),
            ":2: a row of 67108865 bytes, expected at most 64 MiB");
}

int64_t PrivateBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("RssAnon:")) return std::stoll(line.substr(8)) * 1024;
  return 0;
}

TEST(RowSource, ALargeFileIsNotHeldInMemory) {
  constexpr int64_t kRows = 50000;
  const TempFile file("");
  {
    std::ofstream out(file.path());
    const std::string filler(2000, 'x');
    for (int64_t i = 0; i < kRows; ++i)
      out << "{\"n\":" << i << ",\"prompt\":\"" << filler << "\"}\n";
  }
  const int64_t before = PrivateBytes();
  const auto rows = OpenRows(file.path());
  for (int64_t i = 0; i < kRows; ++i) ASSERT_EQ(rows->Row(i).Integer("n"), i);
  EXPECT_LE(rows->IndexBytes(), size_t{24} * kRows);
  EXPECT_LT(PrivateBytes() - before, 16 << 20) << "of a file of 100 MB";
}

}  // namespace
}  // namespace r1zero
