"""What makes a network what it is, as the manifest of its run keeps it."""




LAST, WEIGHTED = "last", "weighted"

