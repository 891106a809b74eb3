#include "services/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/error.h"
#include "tests/services/test_ring.h"

namespace r1zero {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(Address, ReadsTheThreeForms) {
  EXPECT_EQ(ParseAddress("example.org:9000").host, "example.org");
  EXPECT_EQ(ParseAddress("example.org:9000").port, 9000);
  EXPECT_EQ(ParseAddress("[::1]:80").host, "::1");
  EXPECT_EQ(ParseAddress("unix:/tmp/a:b").unix_path, "/tmp/a:b");
  for (const char* text : {"127.0.0.1:0", "[::1]:65535", "unix:/tmp/x", "host:1"})
    EXPECT_EQ(ParseAddress(text).ToString(), text);
}

TEST(Address, RefusesWhatIsNoneAndSaysWhatOneIs) {
  for (const char* text :
       {"", "localhost", ":9000", "localhost:", "localhost:65536", "localhost:-1", "localhost:1x",
        "unix:", "http://localhost:80", "[]:1", "::1:80"})
    EXPECT_THAT([&] { ParseAddress(text); }, ThrowsMessage<Error>(HasSubstr("expected"))) << text;
  EXPECT_THAT([] { ParseAddress("unix:/" + std::string(200, 'x')); },
              ThrowsMessage<Error>(HasSubstr("the system allows 107")));
}

TEST(Address, KnowsWhatOtherMachinesCannotReach) {
  for (const char* text : {"127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1", "unix:x"})
    EXPECT_TRUE(ParseAddress(text).is_loopback()) << text;
  for (const char* text :
       {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "127.example.org:1", "example.org:1"})
    EXPECT_FALSE(ParseAddress(text).is_loopback()) << text;
}

TEST(Address, SaysWhetherSomebodyListensOnAUnixSocket) {
  const std::string path = testing::TempDir() + "listening-" + std::to_string(getpid());
  const Address address = ParseAddress("unix:" + path);
  EXPECT_FALSE(IsListening(address));
  {
    const Server server({.listen = address.ToString()}, {});
    EXPECT_TRUE(IsListening(address));
  }
  EXPECT_FALSE(IsListening(address));
}

}  // namespace
}  // namespace r1zero
