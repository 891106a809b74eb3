#include "grpo/event_file.h"

#include <unistd.h>

#include <bit>
#include <chrono>

#include "common/tfrecord.h"

namespace r1zero {
namespace {

// Just enough of the protocol buffer wire format
// (https://protobuf.dev/programming-guides/encoding/) for tensorboard/compat/proto/event.proto.
class ProtoWriter {
 public:
  void Varint(int field, uint64_t value) {
    Tag(field, 0);
    Base128(value);
  }
  void Double(int field, double value) {
    Tag(field, 1);
    Fixed(std::bit_cast<uint64_t>(value), 8);
  }
  void Bytes(int field, std::string_view bytes) {
    Tag(field, 2);
    Base128(bytes.size());
    out_ += bytes;
  }
  void Float(int field, float value) {
    Tag(field, 5);
    Fixed(std::bit_cast<uint32_t>(value), 4);
  }
  const std::string& bytes() const { return out_; }

 private:
  void Tag(int field, int wire_type) {
    Base128(static_cast<uint64_t>(field) << 3 | static_cast<uint64_t>(wire_type));
  }
  void Base128(uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_ += static_cast<char>(value | 0x80);
    out_ += static_cast<char>(value);
  }
  void Fixed(uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out_ += static_cast<char>(value >> (8 * i));
  }

  std::string out_;
};

double Now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// message Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary =
// 5;
//                 SessionLog session_log = 7; }
ProtoWriter Event(int64_t step) {
  ProtoWriter event;
  event.Double(1, Now());
  if (step != 0) event.Varint(2, static_cast<uint64_t>(step));
  return event;
}

// message SessionLog { SessionStatus status = 1; }, START = 1.
std::string SessionStart() {
  ProtoWriter session;
  session.Varint(1, 1);
  return session.bytes();
}

// message Summary { repeated Value value = 1; }, Value { string tag = 1; float simple_value = 2; }
std::string ScalarSummary(const Metrics& metrics) {
  ProtoWriter summary;
  for (const auto& [tag, number] : metrics) {
    ProtoWriter value;
    value.Bytes(1, tag);
    value.Float(2, static_cast<float>(number));
    summary.Bytes(1, value.bytes());
  }
  return summary.bytes();
}

std::filesystem::path FileName() {
  char host[256] = "host";
  gethostname(host, sizeof host - 1);
  return "events.out.tfevents." + std::to_string(static_cast<int64_t>(Now())) + "." + host + "." +
         std::to_string(getpid());
}

}  // namespace

EventFile::EventFile(const std::filesystem::path& folder, int64_t last_step)
    : file_(folder / FileName()) {
  ProtoWriter version = Event(0);
  version.Bytes(3, "brain.Event:2");
  file_.Append(FrameTfRecord(version.bytes()));
  ProtoWriter start = Event(last_step + 1);
  start.Bytes(7, SessionStart());
  file_.Append(FrameTfRecord(start.bytes()));
}

void EventFile::Scalars(int64_t step, const Metrics& metrics) {
  ProtoWriter event = Event(step);
  event.Bytes(5, ScalarSummary(metrics));
  file_.Append(FrameTfRecord(event.bytes()));
}

}  // namespace r1zero
