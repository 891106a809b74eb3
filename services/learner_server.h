// A learner's run, served to workers over gRPC.
#pragma once

#include <memory>
#include <string>

#include "services/learner_run.h"

namespace r1zero {

// Error if a LearnerServer could not listen there now; nothing is opened.
void CheckCanServe(const std::string& listen, bool insecure_bind);

// Listens from construction to destruction. Error if it cannot, or if the address can be reached from
// other machines and `insecure_bind` is not given.
class LearnerServer {
 public:
  LearnerServer(LearnerRun& run, const std::string& listen, bool insecure_bind);
  ~LearnerServer();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace r1zero
