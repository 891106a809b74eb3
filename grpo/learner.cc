#include "grpo/learner.h"
