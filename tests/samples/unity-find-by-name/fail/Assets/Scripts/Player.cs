        var hud = GameObject.Find("HUD");
