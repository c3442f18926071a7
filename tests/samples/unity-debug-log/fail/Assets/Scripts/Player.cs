        Debug.Log("jump");
