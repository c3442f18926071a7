Debug.Log("done");
