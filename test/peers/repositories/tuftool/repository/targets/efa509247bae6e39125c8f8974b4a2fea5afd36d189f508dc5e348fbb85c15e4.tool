listed in targets.json
