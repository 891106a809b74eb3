#include "tasks/parquet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "common/error.h"
#include "common/file.h"
#include "tasks/parquet_loader.h"
#include "tasks/row_format.h"
#include "tasks/row_source.h"

namespace r1zero {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

const std::string kSmall = std::string(R1ZERO_TEST_DATA) + "/small.parquet";

// Tests run where the library lies beside them, or not at all.
class Parquet : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(std::string(R1ZERO_BINARY_DIR) + "/libr1zero-parquet.so"))
      GTEST_SKIP() << "this build has no Apache Arrow; ./quickstart --setup fetches it";
  }

  // Writes a file of these bytes and reads all of its rows.
  static int64_t RowsOf(const std::string& bytes) {
    const struct File {
      std::string path = testing::TempDir() + std::to_string(getpid()) + "-hostile.parquet";
      ~File() { std::filesystem::remove(path); }
    } file;
    std::ofstream(file.path, std::ios::binary) << bytes;
    const auto rows = OpenRows(file.path);
    for (int64_t i = 0; i < rows->count(); ++i) {
      try {
        (void)rows->Row(i);
      } catch (const Error& e) {
        EXPECT_THAT(e.what(), HasSubstr("hostile.parquet: row "));
      }
    }
    return rows->count();
  }

  // Read, or refused with the file's name.
  static void ExpectNoCrash(const std::string& bytes) {
    try {
      RowsOf(bytes);
    } catch (const Error& e) {
      EXPECT_THAT(e.what(), HasSubstr("hostile.parquet: "));
    }
  }
};

std::string Real(const std::string& name) {
  return std::string(R1ZERO_SHARED_DATA) + "/parquet/" + name;
}

TEST(ParquetLoader, ALibraryThatIsMissingOrForeignIsRefusedWithHowToGetIt) {
  const auto refusal = [](const std::string& library) {
    try {
      LoadParquetReader(library);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string("accepted");
  };
  const std::string text = testing::TempDir() + std::to_string(getpid()) + "-not-a-library.so";
  std::ofstream(text) << "text";
  EXPECT_THAT(refusal("/nowhere/libr1zero-parquet.so"),
              testing::AllOf(HasSubstr("/nowhere/libr1zero-parquet.so is not there; ./quickstart"),
                             HasSubstr("python3 tools/parquet_to_jsonl.py IN.parquet OUT.jsonl")));
  EXPECT_THAT(refusal(text), HasSubstr("cannot load " + text));
  EXPECT_THAT(refusal(kSmall), HasSubstr("cannot load " + kSmall));
}

TEST_F(Parquet, RowsOfVerlAreRead) {
  const auto rows = OpenRows(kSmall, ColumnsOfFormats(""));
  ASSERT_EQ(rows->count(), 6);
  const RowFormat format = FindFormat(rows->Row(0), "");
  EXPECT_EQ(format.name, "verl");
  const DataRow row = ReadDataRow(rows->Row(3), format);
  EXPECT_EQ(row.messages.at(0).role, "user");
  EXPECT_EQ(row.messages.at(0).content, "q3 \"\u00e9\" \\ \n\x01");
  EXPECT_EQ(row.gold, "3");
  EXPECT_FALSE(rows->Row(0).Has("extra_info")) << "columns that no format reads are not";
}

TEST_F(Parquet, EveryKindOfValueHasItsJson) {
  const auto rows = OpenRows(kSmall, std::vector<std::string>{"extra_info"});
  EXPECT_EQ(
      rows->Row(1).GoldText("extra_info"),
      R"({"big":18446744073709551615,"half":0.5,"index":1,"kind":"odd","list":[0],"none":null,)"
      R"("right":true})");
}

TEST_F(Parquet, ABadRowIsNamedByItsNumberAndColumn) {
  const auto rows = OpenRows(kSmall, ColumnsOfFormats(""));
  const RowFormat format = FindFormat(rows->Row(0), "");
  EXPECT_THAT(
      [&] { (void)ReadDataRow(rows->Row(4), format); },
      ThrowsMessage<Error>(HasSubstr(
          "small.parquet: row 5: \"reward_model.ground_truth\" is null, expected an answer")));
}

TEST_F(Parquet, AColumnWithoutAJsonFormIsNamed) {
  EXPECT_THAT([] { OpenRows(kSmall, std::vector<std::string>{"image"}); },
              ThrowsMessage<Error>(HasSubstr("small.parquet: cannot be read as Parquet: the "
                                             "column \"image\" is of type binary, expected text")));
}

TEST_F(Parquet, FilesThatVerlWroteAreRead) {
  if (!std::filesystem::exists(Real("verl_digits_train.parquet")))
    GTEST_SKIP() << "the shared data is not at " << R1ZERO_SHARED_DATA;
  for (const auto& [name, count] :
       {std::pair{"verl_digits_train.parquet", 800}, {"verl_digits_test.parquet", 200}}) {
    const auto rows = OpenRows(Real(name), ColumnsOfFormats("none"));
    EXPECT_EQ(rows->count(), count);
    const RowFormat format = FindFormat(rows->Row(0), "none");
    for (int64_t i = 0; i < rows->count(); ++i)
      EXPECT_FALSE(ReadDataRow(rows->Row(i), format).messages.back().content.empty());
  }
  EXPECT_EQ(ReadDataRow(OpenRows(Real("verl_digits_train.parquet"))->Row(0),
                        {.prompt_column = "prompt", .gold = RowFormat::Gold::kNone})
                .messages[0]
                .content,
            "8,3:9,4");
}

TEST_F(Parquet, WhatIsNotParquetIsRefused) {
  const std::string good = ReadFile(kSmall);
  const auto refusal = [](const std::string& bytes) {
    try {
      RowsOf(bytes);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string("accepted");
  };
  for (const std::string& bytes : {std::string(), std::string("PAR1"), std::string(1000, 'x'),
                                   std::string("PAR1\xff\xff\xff\x7fPAR1")})
    EXPECT_THAT(refusal(bytes), HasSubstr("hostile.parquet: cannot be read as Parquet"));
  EXPECT_THAT([] { OpenRows("/nowhere/x.parquet"); },
              ThrowsMessage<Error>(HasSubstr("/nowhere/x.parquet: cannot be opened")));
}

TEST_F(Parquet, ATruncatedFileIsRefused) {
  const std::string good = ReadFile(kSmall);
  for (size_t size = 0; size < good.size(); size += 31)
    EXPECT_THROW(RowsOf(good.substr(0, size)), Error) << size;
}

TEST_F(Parquet, AChangedByteIsReadOrRefused) {
  const std::string good = ReadFile(kSmall);
  const std::string bytes = {'\0', '\x7f', '\xff', '\x01'};
  for (size_t at = 0; at < good.size(); at += 5) {
    std::string bad = good;
    const char byte = bytes[at % bytes.size()];
    bad[at] = byte == '\x01' ? static_cast<char>(good[at] ^ 1) : byte;
    ExpectNoCrash(bad);
  }
}

// Counts that are huge: runs of bytes as varints write them.
TEST_F(Parquet, HugeCountsAreReadOrRefused) {
  const std::string good = ReadFile(kSmall);
  for (size_t at = 4; at + 10 < good.size(); at += 7) {
    std::string bad = good;
    std::memset(bad.data() + at, 0xff, 9);
    bad[at + 9] = 1;
    ExpectNoCrash(bad);
  }
}

}  // namespace
}  // namespace r1zero
