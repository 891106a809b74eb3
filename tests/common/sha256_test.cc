#include "common/sha256.h"

#include <gtest/gtest.h>

#include "common/error.h"

namespace r1zero {
namespace {

// FIPS 180-4 examples (https://csrc.nist.gov/projects/cryptographic-standards-and-guidelines).
TEST(Sha256, GivesThePublishedAnswers) {
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesHashAsTheWhole) {
  Sha256 hash;
  hash.Update("");
  hash.Update("a");
  hash.Update("bc");
  EXPECT_EQ(hash.Hex(), Sha256Hex("abc"));
}

TEST(Sha256, IsEndedByHex) {
  Sha256 hash;
  hash.Hex();
  EXPECT_THROW(hash.Hex(), Error);
  EXPECT_THROW(hash.Update("x"), Error);
}

}  // namespace
}  // namespace r1zero
