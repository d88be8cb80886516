listed in another hash bin
