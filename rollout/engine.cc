#include "rollout/engine.h"
