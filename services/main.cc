// r1zero: one command, one verb a job. No libtorch here, so that workers and the reward service start in
// milliseconds; what needs it is in r1zero-learner beside this program.
#include <cstdio>
#include <cstring>
#include <string>

#include "services/verbs.h"

namespace {

struct Verb {
  const char* name;
  const char* meaning;
  int (*run)(int argc, char** argv);
};

constexpr Verb kVerbs[] = {
    {"train", "train a reasoner: learner, reward service and workers, on this machine",
     r1zero::TrainMain},
    {"plan", "what a run takes in memory and time, before it is started", r1zero::PlanMain},
    {"pretrain", "train the base policy of a run and put it into the cache", r1zero::PretrainMain},
    {"learner", "the learner alone, for workers that come from elsewhere", r1zero::LearnerMain},
    {"eval", "measure a model on the problems of a file", r1zero::EvalMain},
    {"sample", "complete prompts or chat in the terminal", r1zero::SampleMain},
    {"tokenize", "lines of text to lines of token ids, and back", r1zero::TokenizeMain},
    {"logits", "what a model folder says of a sequence of token ids", r1zero::LogitsMain},
#ifdef R1ZERO_SERVICES
    {"worker", "a rollout worker; it needs two addresses", r1zero::WorkerMain},
    {"reward", "the reward service; it needs no model", r1zero::RewardMain},
#endif
};

void PrintHelp(FILE* out) {
  std::fputs(
      "r1zero: trains a language model to reason by reinforcement learning alone\n\nusage: r1zero "
      "VERB [options]\n\n",
      out);
  for (const Verb& verb : kVerbs) std::fprintf(out, "  %-10s %s\n", verb.name, verb.meaning);
  std::fputs(
      "\nr1zero VERB --help says more. Exit status: 0 success, 1 failed, 2 bad usage or "
      "configuration,\n130 interrupted.\n",
      out);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "";
  for (const Verb& verb : kVerbs)
    if (name == verb.name) return verb.run(argc - 1, argv + 1);
  if (name == "--version") return std::puts("r1zero " R1ZERO_VERSION), 0;
  const bool asked = name == "--help" || name == "-h" || name == "help";
  if (!asked && !name.empty())
    std::fprintf(stderr, "r1zero: there is no verb '%s'\n\n", name.c_str());
  PrintHelp(asked ? stdout : stderr);
  return asked ? 0 : 2;
}
