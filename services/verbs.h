// The verbs of the command line; each in a *_main.cc of its own. argv[0] is the verb.
#pragma once

namespace r1zero {

int TrainMain(int argc, char** argv);
int PretrainMain(int argc, char** argv);  // r1zero-learner does it
int LearnerMain(int argc, char** argv);   // r1zero-learner does it
int PlanMain(int argc, char** argv);
int WorkerMain(int argc, char** argv);
int RewardMain(int argc, char** argv);
int LogitsMain(int argc, char** argv);
int TokenizeMain(int argc, char** argv);
int EvalMain(int argc, char** argv);
int SampleMain(int argc, char** argv);

}  // namespace r1zero
