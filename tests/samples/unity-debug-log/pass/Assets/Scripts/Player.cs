        Debug.LogError("no rigidbody", this);
        // Debug.Log("jump");
