#include "tasks/corpus_mix.h"

#include <algorithm>
#include <sstream>
#include <vector>

#include "common/error.h"

namespace r1zero {
namespace {

// "drill = 0.3", one a key, in the order described.
std::vector<std::string> Lines(CorpusMix mix) {
  std::istringstream document(WriteConfig([&](Fields& f) { Describe(f, mix); }));
  std::vector<std::string> lines;
  for (std::string line; std::getline(document, line);) {
    line.resize(line.find('#'));
    line.resize(line.find_last_not_of(' ') + 1);
    lines.push_back(line);
  }
  return lines;
}

}  // namespace

void Describe(Fields& f, CorpusMix& c) {
  const Range share = {.min = 0, .max = 1};
  f.Key("drill", c.drill, "share of documents that are worked sums with ticks, no question", share);
  f.Key("direct", c.direct, "weight of documents that guess in answer tags", {.min = 0});
  f.Key("bare", c.bare, "weight of documents that guess without tags", {.min = 0});
  f.Key("think", c.think, "weight of documents that try, check, then answer", {.min = 0});
  f.Key("ramble", c.ramble, "weight of documents that try and never answer", {.min = 0});
  f.Key("systematic", c.systematic, "share of writers who try nothing twice", share);
  f.Key("in_order", c.in_order, "signs: share of writers who count through the patterns", share);
  f.Key("guided", c.guided, "share of tries that aim at the target", share);
  f.Key("tau", c.tau, "how widely guided tries miss, in units of value", {.min = 0.01, .max = 1e6});
  f.Key("slip", c.slip, "chance that a step of a sum is wrong", share);
  f.Key("miss", c.miss, "chance that a hit goes unnoticed", share);
  f.Key("patient", c.patient, "share of writers who are patient", share);
  f.Key("give_up", c.give_up, "chance that an impatient writer stops after a miss", share);
  f.Key("give_up_patient", c.give_up_patient, "chance that a patient writer stops after a miss",
        share);
  f.Key("max_tries", c.max_tries, "tries after which any writer stops", {.min = 1, .max = 1000});
}

void Check(const CorpusMix& c) {
  Require(c.direct + c.bare + c.think + c.ramble > 0,
          "[task.mix]: direct, bare, think and ramble are all 0, expected a positive weight");
  Require(c.systematic + c.in_order <= 1, "[task.mix]: systematic + in_order is ",
          c.systematic + c.in_order, ", expected at most 1");
}

void RequireUnset(const CorpusMix& c, const std::string& task) {
  const std::vector<std::string> set = Lines(c), defaults = Lines({});
  const auto [line, unused] = std::ranges::mismatch(set, defaults);
  if (line != set.end())
    Fail("task.mix.", line->substr(0, line->find(' ')), " is set, but ", task,
         " writes no pretraining texts; leave it out");
}

}  // namespace r1zero
