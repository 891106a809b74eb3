// gRPC's own messages go to our log, at the level of debugging: what matters of them comes back as a
// status, and that is an Error of ours.
#pragma once

namespace r1zero {

void SendGrpcLogToOurs();  // idempotent

}  // namespace r1zero
