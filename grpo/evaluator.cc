#include "grpo/evaluator.h"
