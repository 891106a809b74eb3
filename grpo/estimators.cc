#include "grpo/estimators.h"
