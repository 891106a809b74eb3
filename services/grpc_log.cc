#include "services/grpc_log.h"

#include <grpc/support/log.h>

#include <mutex>

#include "common/log.h"

namespace r1zero {

void SendGrpcLogToOurs() {
  static std::once_flag once;
  std::call_once(once, [] {
    gpr_set_log_function([](gpr_log_func_args* args) {
      LogLine(LogLevel::kDebug, std::string("grpc: ") + args->message);
    });
  });
}

}  // namespace r1zero
