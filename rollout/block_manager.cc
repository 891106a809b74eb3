#include "rollout/block_manager.h"
