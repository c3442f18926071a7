        var p = FindObjectOfType<Player>();
