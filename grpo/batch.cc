#include "grpo/batch.h"
