#include "tasks/spool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "common/error.h"

namespace r1zero {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

std::string_view TextOf(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

TEST(Spool, GivesBackTheLinesThatWereAdded) {
  std::string expected;
  Spool spool(1 << 26);
  for (int i = 0; i < 3000; ++i) {
    const std::string line(static_cast<size_t>(i), 'x');
    spool.Add(line);
    expected += line + '\n';
  }
  EXPECT_EQ(TextOf(spool.Map()), expected);
}

TEST(Spool, RefusesMoreThanItMayHold) {
  Spool spool(10);
  spool.Add("12345");
  EXPECT_THAT([&] { spool.Add("67890"); }, ThrowsMessage<Error>(HasSubstr("more than 10 bytes")));
}

TEST(Spool, AFolderThatCannotHoldAFileIsNamed) {
  const char* const before = std::getenv("TMPDIR");
  const std::string kept = before ? before : "/tmp";
  setenv("TMPDIR", "/proc/self", 1);
  EXPECT_THAT([] { Spool spool(10); },
              ThrowsMessage<Error>(testing::AllOf(HasSubstr("/proc/self"), HasSubstr("TMPDIR"))));
  setenv("TMPDIR", kept.c_str(), 1);
}

}  // namespace
}  // namespace r1zero
