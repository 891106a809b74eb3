// gRPC as every process of the ring uses it: it stays until the process ends, and its own messages go to
// our log, at the level of debugging: what matters of them comes back as a status, and that is an Error
// of ours.
#pragma once

namespace r1zero {

void PrepareGrpc();  // before any other use of gRPC; idempotent

}  // namespace r1zero
