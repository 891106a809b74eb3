#include "services/weight_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "common/crc32c.h"
#include "common/error.h"
#include "tests/services/test_ring.h"

namespace r1zero {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// Three chunks, the last of them not full.
ModelConfig BigModel() {
  ModelConfig config = TinyModel();
  config.vocab_size = 1200;
  config.hidden_size = 512;
  return config;
}

PublishedWeights BigWeights(int64_t version = 4) {
  auto weights = std::make_shared<Weights>();
  weights->config = BigModel();
  weights->version = version;
  weights->flat.resize(NumParameters(weights->config));
  std::mt19937 random(static_cast<uint32_t>(version));
  for (float& w : weights->flat) w = static_cast<float>(random());
  return {.weights = weights, .sha256 = WeightSha256(*weights)};
}

std::vector<v1::WeightsChunk> Chunks(const PublishedWeights& published,
                                     const std::string& have = "") {
  std::vector<v1::WeightsChunk> chunks;
  SendWeights(published, have, [&](const v1::WeightsChunk& chunk) {
    chunks.push_back(chunk);
    return true;
  });
  return chunks;
}

PublishedWeights Receive(const std::vector<v1::WeightsChunk>& chunks, PublishedWeights have = {}) {
  WeightReceiver receiver(BigModel(), have.weights, have.sha256);
  for (const v1::WeightsChunk& chunk : chunks) receiver.Add(chunk);
  return receiver.Finish();
}

class WeightStream : public ::testing::Test {
 protected:
  void ExpectRefused(const std::string& why) {
    EXPECT_THAT([&] { Receive(chunks_); }, ThrowsMessage<Error>(HasSubstr(why)));
  }
  const PublishedWeights sent_ = BigWeights();
  std::vector<v1::WeightsChunk> chunks_ = Chunks(sent_);
};

TEST_F(WeightStream, GivesBackTheSameBits) {
  ASSERT_EQ(chunks_.size(), 3u);
  const PublishedWeights received = Receive(chunks_);
  EXPECT_EQ(received.weights->version, 4);
  EXPECT_EQ(received.weights->config, BigModel());
  EXPECT_EQ(received.weights->flat, sent_.weights->flat);
  EXPECT_EQ(received.sha256, sent_.sha256);
}

TEST_F(WeightStream, SendsNothingToWhoHasTheseBytesButGivesTheNewVersion) {
  PublishedWeights later = BigWeights();
  auto copy = std::make_shared<Weights>(*later.weights);
  copy->version = 5;
  later.weights = copy;
  const auto chunks = Chunks(later, sent_.sha256);
  ASSERT_EQ(chunks.size(), 1u);
  EXPECT_EQ(chunks[0].data(), "");
  const PublishedWeights received = Receive(chunks, sent_);
  EXPECT_EQ(received.weights->version, 5);
  EXPECT_EQ(received.weights->flat, sent_.weights->flat);
}

TEST_F(WeightStream, FindsAnyFlippedBitOfTheData) {
  std::mt19937 random(1);
  for (int i = 0; i < 30; ++i) {
    auto chunks = chunks_;
    std::string& data = *chunks[random() % 3].mutable_data();
    data[random() % data.size()] ^= static_cast<char>(1 << random() % 8);
    EXPECT_THAT([&] { Receive(chunks); }, ThrowsMessage<Error>(HasSubstr("CRC-32C")));
  }
}

TEST_F(WeightStream, FindsBytesOfOtherWeightsWhoseChecksumsAreRight) {
  (*chunks_[1].mutable_data())[7] ^= 1;
  const std::string& data = chunks_[1].data();
  chunks_[1].set_crc32c(Crc32c(std::as_bytes(std::span(data.data(), data.size()))));
  ExpectRefused("SHA-256");
}

TEST_F(WeightStream, RefusesAStreamThatIsCut) {
  chunks_.pop_back();
  ExpectRefused("ended at byte 2097152 of");
}

TEST_F(WeightStream, RefusesAnEmptyStream) {
  chunks_.clear();
  ExpectRefused("empty");
}

TEST_F(WeightStream, RefusesChunksOutOfOrder) {
  std::swap(chunks_[1], chunks_[2]);
  ExpectRefused("expected 1048576");
}

TEST_F(WeightStream, RefusesAChunkTooMany) {
  chunks_.push_back(chunks_.back());
  ExpectRefused("a chunk is at byte");
}

TEST_F(WeightStream, RefusesAChunkOfAnotherVersion) {
  chunks_[1] = Chunks(BigWeights(5))[1];
  ExpectRefused("a chunk of version 5 came among those of version 4");
}

TEST_F(WeightStream, RefusesASizeThatIsNotTheModelsBeforeItAllocates) {
  chunks_[0].set_total_bytes(int64_t{1} << 60);
  ExpectRefused("bytes, expected");
}

TEST_F(WeightStream, RefusesUnchangedFromWhoHasNothing) {
  chunks_ = Chunks(sent_, sent_.sha256);
  ExpectRefused("unchanged");
}

}  // namespace
}  // namespace r1zero
