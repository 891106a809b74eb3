#include "rollout/worker.h"
